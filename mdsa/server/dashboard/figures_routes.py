"""What the pages ask about turns: figures, traces, the graph, and why a message goes where."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import ExitStack
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from mdsa.core.inspection import GraphShape, RouteExplanation, explain_route, shape
from mdsa.server.caller import Asking, Operating
from mdsa.server.dashboard.figures import request_view, status_view, summary
from mdsa.server.dashboard.parts import Shown
from mdsa.server.event_stream import EventStream, encode_event, with_pings
from mdsa.server.service import Served, Service
from mdsa.server.worker_snapshot import MOST_RECENT

__all__ = ["router"]

# The pages' own, and no promise to anybody else: /stats, /metrics and /chat are for programs.
router = APIRouter(prefix="/dashboard/api", include_in_schema=False)

_APART_S = 0.5
"""Least time between two updates of one page."""

_LOOK_S = 1.0
_LONGEST_STREAM_S = 600.0
"""A page then comes back, and shows its key again."""


class ExplainRequest(BaseModel):
    """A message to route."""

    model_config = ConfigDict(extra="forbid")

    message: str = Field(description="The user's text.")


@router.get("/summary")
async def show_summary(service: Served, _caller: Operating) -> dict[str, Any]:
    """Give the totals."""
    return await run_in_threadpool(summary, service)


@router.get("/requests")
async def list_requests(
    service: Served,
    _caller: Operating,
    most: Annotated[int, Query(ge=1, le=MOST_RECENT)] = MOST_RECENT,
) -> list[dict[str, Any]]:
    """List the last requests that ended, newest first."""
    return await run_in_threadpool(_recent, service, most)


@router.get("/status")
async def show_status(service: Served, _caller: Operating) -> dict[str, Any]:
    """Tell how models and stores stand."""
    checks = await service.readiness.check()
    return await run_in_threadpool(status_view, service, checks)


@router.get("/graph")
async def show_graph(service: Served, caller: Asking) -> GraphShape:
    """Give the nodes and edges of the graph, without the domains that the caller may not use."""
    found = await run_in_threadpool(shape, service.agent)
    hidden = set(service.domain_names) - set(caller.visible(service.domain_names))
    kept = [node for node in found["nodes"] if node["group"] not in hidden]
    ids = {node["id"] for node in kept}
    return GraphShape(
        nodes=kept,
        edges=[edge for edge in found["edges"] if edge["source"] in ids and edge["target"] in ids],
    )


@router.post("/explain")
async def explain(body: ExplainRequest, service: Served, caller: Asking) -> RouteExplanation:
    """Route a message without answering it."""
    allowed = caller.allowed(None, service.domain_names)
    return await run_in_threadpool(explain_route, service.agent, body.message, allowed)


@router.get("/live", response_class=EventStream)
async def watch(service: Served, shown: Shown, _caller: Operating) -> EventStream:
    """Send `summary` and `requests` now and whenever turns begin or end, twice a second at most."""
    stack = ExitStack()
    happened = stack.enter_context(shown.feed.watch())

    async def close() -> None:
        stack.close()

    return EventStream(with_pings(_updates(service, happened), service.settings.ping_s), close)


async def _updates(service: Service, happened: asyncio.Event) -> AsyncGenerator[bytes]:
    until = time.monotonic() + _LONGEST_STREAM_S
    sent: set[str] | None = None
    told: object = None
    happened.set()
    while time.monotonic() < until:
        try:
            # Ends with the server, which waits for its streams.
            await asyncio.wait_for(happened.wait(), _LOOK_S)
        except TimeoutError:
            if service.turns.draining:
                return
            if told == (told := await run_in_threadpool(service.workers.told)):
                continue
        happened.clear()
        # Requests first: a turn that ends in between is then in both, or in the next update.
        recent = await run_in_threadpool(_recent, service, MOST_RECENT)
        fresh = [one for one in recent if sent is None or one["request_id"] not in sent]
        if fresh or sent is None:
            yield encode_event({"first": sent is None, "requests": fresh}, "requests")
        sent = {one["request_id"] for one in recent}
        yield encode_event(await run_in_threadpool(summary, service), "summary")
        await asyncio.sleep(_APART_S)


def _recent(service: Service, most: int) -> list[dict[str, Any]]:
    taken, _ = service.workers.snapshot()
    return [request_view(metric) for metric in taken.recent[:most]]
