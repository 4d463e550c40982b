"""`/health`, `/ready`, `/metrics` and `/stats`: for those who run the server."""

from __future__ import annotations

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.concurrency import run_in_threadpool

from mdsa.server.caller import Operating
from mdsa.server.problems import responses
from mdsa.server.schemas import Health, PartStatus, Ready, Stats
from mdsa.server.service import Served

__all__ = ["router"]

router = APIRouter(tags=["operations"])

_UNAVAILABLE = 503


@router.get("/health")
async def health() -> Health:
    """Tell that the process is alive; whether it can answer is told by `/ready`."""
    return Health()


@router.get(
    "/ready",
    responses={_UNAVAILABLE: {"model": Ready, "description": "No turn can be answered now."}},
    response_model_exclude_none=True,
)
async def ready(response: Response, service: Served) -> Ready:
    """Check the sessions, the knowledge and the models.

    It needs no API key; once there is one, details are left out.
    """
    found = await service.readiness.check()
    told = not await run_in_threadpool(service.needs_key)
    checks = [
        PartStatus(
            kind=part.kind,
            name=part.name,
            ok=part.ok,
            detail=part.detail if told else None,
            remedy=part.remedy if told else None,
        )
        for part in found
    ]
    if service.turns.draining:
        response.status_code = _UNAVAILABLE
        return Ready(status="draining", checks=checks)
    if service.starting:
        response.status_code = _UNAVAILABLE
        return Ready(status="starting", checks=checks)
    if any(not part.ok and part.kind != "model" for part in found):
        response.status_code = _UNAVAILABLE
        return Ready(status="unavailable", checks=checks)
    # A model that is missing costs quality: the embedded reader answers in its place.
    healthy = all(part.ok for part in found)
    return Ready(status="ready" if healthy else "degraded", checks=checks)


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        **responses(401, 403, 429),
        200: {
            "description": "Figures for Prometheus.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        },
    },
)
async def metrics(service: Served, _caller: Operating) -> Response:
    """Give the figures as Prometheus reads them."""
    text = await run_in_threadpool(service.workers.metrics)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


@router.get("/stats", responses=responses(401, 403, 429))
async def stats(service: Served, _caller: Operating) -> Stats:
    """Give the statistics since the server started, as `get_stats()` does, of all its workers."""
    return Stats(**await run_in_threadpool(service.workers.stats))
