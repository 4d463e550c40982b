"""What surrounds every request: its id, its body's limits, its headers, its line in the log."""

from __future__ import annotations

import logging
import time
from contextlib import AbstractContextManager, nullcontext
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mdsa.server.answer_headers import SECURITY_HEADERS, request_id_of
from mdsa.server.limited_body import LimitedBody
from mdsa.server.problems import describe, problem_response, unexpected
from mdsa.server.refusals import OverloadedError, RefusedError
from mdsa.server.service import Service
from mdsa.server.settings import ServerSettings
from mdsa.server.turn_paths import turn_route

__all__ = ["AUDIT_LOGGER", "QUIET", "RequestScope"]

AUDIT_LOGGER: Final = "mdsa.audit"
"""One line per request: who asked what kind of thing, and what came of it; never what was said."""

_audit = logging.getLogger(AUDIT_LOGGER)
_log = logging.getLogger(__name__)

_UPLOADS = "/dashboard/api/knowledge/files/"
"""Below it, a body is a file."""

QUIET: Final = frozenset({"/health", "/ready", "/metrics"})
"""Asked every few seconds, by machines."""


class RequestScope:
    """An ASGI middleware, the outermost one."""

    def __init__(self, app: ASGIApp, *, settings: ServerSettings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; see the ASGI specification."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = request_id_of(Headers(scope=scope).get("x-request-id", ""))
        scope.setdefault("state", {})["request_id"] = request_id
        began = time.perf_counter()
        status: int | None = None

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request_id
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._serve(scope, receive, answer)
        except Exception:
            _log.exception("request %s failed", request_id)
            if status is not None:  # the client sees that the answer breaks off
                raise
            await unexpected(scope)(scope, receive, answer)
        finally:
            # A client that hangs up before it is answered gets no status; 499 is nginx' for it.
            self._note(scope, status or 499, time.perf_counter() - began)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "PUT" and scope["path"].startswith(_UPLOADS):
            await self._serve_upload(scope, receive, send)
            return
        limited = LimitedBody(
            *(scope, receive),
            most=self._settings.max_body_bytes,
            variable="MDSA_SERVER_MAX_BODY_BYTES",
            timeout_s=self._settings.body_timeout_s,
        )
        try:
            body = await limited.read()
        except RefusedError as error:
            await self._refuse(error, scope, receive, send)
            return
        if body is None:
            return
        place: AbstractContextManager[None] = nullcontext()
        if (route := turn_route(scope["method"], scope["path"])) is not None:
            # Before the request is looked into: under ten times the load, what is refused must
            # cost next to nothing, or it takes the time of what is answered.
            try:
                if (service := _service(scope)) is not None:
                    place = service.turns.keep_place()
            except OverloadedError as error:
                scope["state"]["turn_path"] = route
                await problem_response(*describe(error, scope))(scope, receive, send)
                return
        message: Message | None = {"type": "http.request", "body": body, "more_body": False}

        async def replay() -> Message:
            nonlocal message
            if message is None:
                return await receive()
            first, message = message, None
            return first

        with place:
            await self._app(scope, replay, send)

    async def _serve_upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Leave the body to the route, which reads it once it knows that the caller may send it."""
        limited = LimitedBody(
            *(scope, receive),
            most=self._settings.max_upload_bytes,
            variable="MDSA_SERVER_MAX_UPLOAD_BYTES",
            timeout_s=self._settings.body_timeout_s,
        )

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start" and not limited.ended:
                MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        await self._app(scope, limited, answer)

    @staticmethod
    async def _refuse(error: RefusedError, scope: Scope, receive: Receive, send: Send) -> None:
        content, headers = describe(error, scope)
        # What is left of the body is not read.
        response = problem_response(content, {**headers, "Connection": "close"})
        await response(scope, receive, send)

    @staticmethod
    def _note(scope: Scope, status: int, seconds: float) -> None:
        state = scope["state"]
        route = state.get("turn_path") or getattr(scope.get("route"), "path", "none")
        if (service := _service(scope)) is not None:
            service.metrics.count(scope["method"], route, status, seconds)
        # Of what was refused unread nobody knows who sent it; under load these lines are many.
        if route in QUIET or "turn_path" in state:
            return
        client = scope.get("client")
        _audit.info(
            "%s %s %d",
            scope["method"],
            route,
            status,
            extra={
                "request_id": state["request_id"],
                "key_id": state.get("key_id"),
                "owner": state.get("owner"),
                "client": client[0] if client else None,
                "duration_ms": round(seconds * 1000, 1),
            },
        )


def _service(scope: Scope) -> Service | None:
    return getattr(scope["app"].state, "service", None) if "app" in scope else None
