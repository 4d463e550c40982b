"""Server-sent events that end with the client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from starlette.types import Receive, Scope, Send

__all__ = ["STREAM_CONTENT", "EventStream", "encode_event", "with_pings"]

STREAM_CONTENT: dict[str, Any] = {
    "text/event-stream": {
        # OpenAPI 3.2's key, which FastAPI uses too: every event is one of these.
        "itemSchema": {
            "type": "object",
            "properties": {"event": {"type": "string"}, "data": {"type": "string"}},
            "required": ["data"],
        }
    }
}
"""A stream of events in an OpenAPI description."""

_PING = b": ping\n\n"


def encode_event(data: Mapping[str, Any] | str, name: str | None = None) -> bytes:
    """One event of the stream; data that is no text goes as JSON."""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    return bytes(format_sse_event(data_str=text, event=name))


async def with_pings(parts: AsyncIterator[bytes], after_s: float) -> AsyncGenerator[bytes]:
    """Send a comment where nothing came for a while: proxies cut off connections that are silent.

    (sse-starlette does this too, but ends its streams when the server is told to stop, and turns
    in flight should end by themselves.)
    """
    coming: asyncio.Task[bytes] | None = None
    try:
        while True:
            if coming is None:
                coming = asyncio.create_task(_next(parts))
            done, _ = await asyncio.wait({coming}, timeout=after_s)
            if not done:
                yield _PING
                continue
            try:
                part = coming.result()
            except StopAsyncIteration:
                return
            coming = None
            yield part
    finally:
        if coming is not None:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)


async def _next(parts: AsyncIterator[bytes]) -> bytes:
    return await anext(parts)


class EventStream(StreamingResponse):
    """A response of server-sent events.

    Args:
        parts: encoded events.
        close: called at the end, also where the client was gone before the first event.
    """

    media_type = "text/event-stream"

    def __init__(self, parts: AsyncIterator[bytes], close: Callable[[], Awaitable[Any]]) -> None:
        # Proxies such as nginx would collect the events otherwise.
        super().__init__(parts, headers={"X-Accel-Buffering": "no"})
        self._close = close

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events; see the ASGI specification."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._close()
