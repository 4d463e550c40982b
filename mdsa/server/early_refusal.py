"""Turns that find the queue full are refused where their bytes come in."""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import unquote

import httptools
from fastapi import FastAPI
from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from mdsa.server.answer_headers import SECURITY_HEADERS, request_id_of
from mdsa.server.problems import describe, problem_response
from mdsa.server.refusals import OverloadedError
from mdsa.server.service import Service
from mdsa.server.turn_paths import turn_route

__all__ = ["EarlyRefusal"]

_SECURITY: Final = [
    (name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()
]


class _Refusal(NamedTuple):
    error: OverloadedError
    service: Service
    route: str
    path: str


class EarlyRefusal(HttpToolsProtocol):
    """One connection of uvicorn's.

    Far above what the server can answer, nearly every request is a refusal, and what refusals cost
    is missing from the answers. The application refuses such a request whatever is in it (see
    `RequestScope`); it needs no task, no events and no middleware to be told the same.

    That goes for a request that came whole in one piece, as nearly all do. Any other is the
    application's, which knows how long a body may be and how slow.
    """

    _refusal: _Refusal | None = None
    """From the end of a request's head to the end of its body."""
    _body = b""

    @override
    def data_received(self, data: bytes) -> None:
        """Take what the client sent."""
        super().data_received(data)
        if self._refusal is not None:
            self._refusal = None
            if not self.transport.is_closing():
                super().on_headers_complete()
                super().on_body(self._body)

    @override
    def on_headers_complete(self) -> None:
        """Begin with a request."""
        self._unset_keepalive_if_required()  # a refusal before it may have set the clock
        self._body = b""
        self._refusal = self._refusal_now()
        if self._refusal is None:
            super().on_headers_complete()

    @override
    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        if self._refusal is None:
            super().on_body(body)
        else:
            self._body += body

    @override
    def on_message_complete(self) -> None:
        """End a request."""
        if self._refusal is None:
            super().on_message_complete()
        else:
            refusal, self._refusal = self._refusal, None
            self._refuse(refusal)

    def _refusal_now(self) -> _Refusal | None:
        if self.parser.get_method() != b"POST" or self.parser.get_http_version() != "1.1":
            return None
        if self.flow.write_paused or not (self.cycle is None or self.cycle.response_complete):
            return None  # what was asked before is answered first
        if self.parser.should_upgrade() or not isinstance(self.config.app, FastAPI):
            return None
        service: Service | None = getattr(self.config.app.state, "service", None)
        path = self.root_path + unquote(httptools.parse_url(self.url).path.decode("ascii"))
        route = turn_route("POST", path)
        if service is None or route is None:
            return None
        if service.settings.cors_origins and any(name == b"origin" for name, _ in self.headers):
            return None  # a browser reads no refusal without the headers that the application adds
        try:
            service.turns.refuse_if_full()
        except OverloadedError as error:
            return _Refusal(error, service, route, path)
        return None

    def _refuse(self, refusal: _Refusal) -> None:
        given = next((value for name, value in self.headers if name == b"x-request-id"), b"")
        request_id = request_id_of(given.decode("latin-1"))
        scope = {"path": refusal.path, "state": {"request_id": request_id}}
        answer = problem_response(*describe(refusal.error, scope))
        keep_alive = self.parser.should_keep_alive()
        headers = [
            *self.server_state.default_headers,
            *answer.raw_headers,
            (b"x-request-id", request_id.encode()),
            *_SECURITY,
            *([] if keep_alive else [(b"connection", b"close")]),
        ]
        lines = [b"%b: %b\r\n" % header for header in headers]
        status = STATUS_LINE[answer.status_code]
        self.transport.write(b"".join([status, *lines, b"\r\n", bytes(answer.body)]))
        refusal.service.metrics.count("POST", refusal.route, answer.status_code, 0.0)
        if not keep_alive:
            self.transport.close()
        self.on_response_complete()
