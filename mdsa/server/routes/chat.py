"""`POST /chat` and `POST /chat/stream`: a turn, whole or as it happens."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from typing import Any, cast

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from mdsa.core.result import RequestResult
from mdsa.errors import MdsaError
from mdsa.server.caller import Asking, Caller
from mdsa.server.event_stream import STREAM_CONTENT, EventStream, encode_event, with_pings
from mdsa.server.hang_up import unless_gone
from mdsa.server.problems import describe, responses
from mdsa.server.schemas import ChatRequest
from mdsa.server.service import Served, Service
from mdsa.server.turn_context import read_turn_context

__all__ = ["Turn", "open_turn", "router"]

router = APIRouter(tags=["chat"])

REFUSALS = responses(401, 403, 404, 409, 413, 422, 429, 503, 504)


async def _context(service: Service, caller: Caller, body: ChatRequest) -> dict[str, Any]:
    return await read_turn_context(
        service,
        caller,
        context=body.context,
        user_id=body.user_id,
        session_id=body.session_id,
        domains=body.domains,
    )


@router.post(
    "/chat",
    responses={**REFUSALS, 200: {"description": "The answer."}},
)
async def chat(
    body: ChatRequest, request: Request, service: Served, caller: Asking
) -> RequestResult:
    """Answer a message.

    With `interrupts` in the answer, tool calls wait for a decision: `POST
    /sessions/{session_id}/resume`.
    """
    context = await _context(service, caller, body)

    async def answer() -> RequestResult:
        async with service.turns.admit():
            return await service.agent.aprocess_request(body.message, context)

    return await unless_gone(request, answer())


@router.post(
    "/chat/stream",
    response_class=StreamingResponse,
    responses={
        **REFUSALS,
        200: {
            "description": "Server-sent events, named by their `type`: `route` (decided), `node` "
            "(finished), `token` (text of an answer), `restart` (forget the tokens of this node "
            "since its last tool), `tool` (ran), `interrupt` (waits for a decision), and last "
            "`final`, with what `POST /chat` gives, or `error`, a problem.",
            "content": STREAM_CONTENT,
        },
    },
)
async def stream(
    body: ChatRequest, request: Request, service: Served, caller: Asking
) -> EventStream:
    """Answer a message, telling what happens on the way."""
    context = await _context(service, caller, body)
    turn = await unless_gone(request, open_turn(service, body.message, context))

    async def parts() -> AsyncGenerator[bytes]:
        try:
            async for event in turn.events():
                yield encode_event(event, event["type"])
        except MdsaError as error:
            problem, _ = describe(error, request.scope)
            yield encode_event({"type": "error", "problem": problem}, "error")

    return EventStream(with_pings(parts(), service.settings.ping_s), turn.close)


class Turn:
    """A turn that has begun; `close` ends it, wherever it is."""

    def __init__(
        self, first: dict[str, Any], rest: AsyncGenerator[dict[str, Any]], stack: AsyncExitStack
    ) -> None:
        self._first = first
        self._rest = rest
        self.close = stack.aclose

    async def events(self) -> AsyncGenerator[dict[str, Any]]:
        """The events of the turn."""
        yield self._first
        async for event in self._rest:
            yield event


async def open_turn(service: Service, message: str, context: dict[str, Any]) -> Turn:
    """Begin a turn, up to its first event: what is refused until then still has a status.

    Raises:
        MdsaError: the turn was refused.
    """
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(service.turns.admit())
        events = cast(
            "AsyncGenerator[dict[str, Any]]", service.agent.astream_request(message, context)
        )
        stack.push_async_callback(events.aclose)
        return Turn(await anext(events), events, stack.pop_all())
