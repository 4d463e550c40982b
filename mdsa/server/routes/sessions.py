"""`/sessions`: list, read, delete, and go on with a turn that waits."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response, status
from starlette.concurrency import run_in_threadpool

from mdsa.core.result import RequestResult
from mdsa.server.caller import Asking
from mdsa.server.hang_up import unless_gone
from mdsa.server.problems import responses
from mdsa.server.schemas import ResumeRequest, SessionDetail, SessionSummary
from mdsa.server.service import Served
from mdsa.server.turn_context import own_session, own_sessions, read_turn_context

__all__ = ["router"]

router = APIRouter(prefix="/sessions", tags=["sessions"])

SessionId = Annotated[str, Path(description="The session.", examples=["sess_abc123"])]
UserId = Annotated[str | None, Query(description="One of the caller's own users.")]


@router.get("", responses=responses(401, 403, 422, 429, 503))
async def list_sessions(
    service: Served,
    caller: Asking,
    user_id: UserId = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[SessionSummary]:
    """List the caller's sessions, last used first."""
    found = await own_sessions(service, caller, user_id, limit)
    return [
        SessionSummary(
            session_id=info.session_id,
            user_id=info.user_id,
            turns=info.turns,
            updated_at=info.updated_at,
            last_domain=info.last_domain,
        )
        for info in found
    ]


@router.get("/{session_id}", responses=responses(401, 403, 404, 422, 429, 503))
async def show_session(
    session_id: SessionId, service: Served, caller: Asking, user_id: UserId = None
) -> SessionDetail:
    """Give a session with what was said in it."""
    found = await own_session(service, caller, session_id, user_id)
    return SessionDetail(
        session_id=found.session_id,
        user_id=found.user_id,
        turns=found.turns,
        updated_at=found.updated_at,
        last_domain=found.last_domain,
        messages=found.messages,
    )


@router.delete(
    "/{session_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=responses(401, 403, 404, 409, 422, 429, 503),
)
async def delete_session(
    session_id: SessionId, service: Served, caller: Asking, user_id: UserId = None
) -> Response:
    """Delete a session with everything that was said in it."""
    await own_session(service, caller, session_id, user_id)
    owner = caller.user_id(user_id)
    await run_in_threadpool(service.agent.sessions.delete, session_id, owner)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.post(
    "/{session_id}/resume", responses=responses(401, 403, 404, 409, 413, 422, 429, 503, 504)
)
async def resume(
    session_id: SessionId, body: ResumeRequest, request: Request, service: Served, caller: Asking
) -> RequestResult:
    """Go on with a session's turn: decide on tool calls that wait, or finish one that was cut."""
    await own_session(service, caller, session_id, body.user_id)
    context = await read_turn_context(
        service, caller, context=body.context, user_id=body.user_id, domains=body.domains
    )
    # The path says which session it is.
    context.pop("session_id", None)

    async def answer() -> RequestResult:
        async with service.turns.admit():
            return await service.agent.aresume(session_id, body.decision, context)

    return await unless_gone(request, answer())
