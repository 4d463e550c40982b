"""A span for every HTTP request, where the agent is traced."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mdsa.server.request_scope import QUIET
from mdsa.server.service import Service

__all__ = ["TraceScope"]

_PROPAGATED: Final = ("traceparent", "tracestate")
_HUNG_UP = 499


class TraceScope:
    """An ASGI middleware, within `RequestScope`; a `traceparent` header's trace goes on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; see the ASGI specification."""
        service: Service | None = getattr(scope["app"].state, "service", None)
        if scope["type"] != "http" or service is None or scope["path"] in QUIET:
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope)
        status = _HUNG_UP

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with service.agent.tracing.get().http_request(
            method=scope["method"],
            headers={name: given[name] for name in _PROPAGATED if name in given},
            request_id=scope["state"]["request_id"],
        ) as span:
            try:
                await self._app(scope, receive, answer)
            finally:
                span.ended(getattr(scope.get("route"), "path", "none"), status)
