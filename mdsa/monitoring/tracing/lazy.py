"""Tracing that begins with the first turn, as all of the agent does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from threading import Lock

from mdsa.monitoring.tracing.opening import open_tracing
from mdsa.monitoring.tracing.protocol import HttpSpan, TracedTurn, Tracing
from mdsa.settings import Settings

__all__ = ["LazyTracing"]


class LazyTracing:
    """Opens tracing when it is first needed, and again after `close`.

    Every call may raise what `open_tracing` raises.

    Args:
        settings: say whether turns are traced.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._opened: Tracing | None = None

    def turn(
        self, *, request_id: str, session_id: str, message: str | None, domains: Iterable[str]
    ) -> AbstractContextManager[TracedTurn]:
        """Open the span of a turn; see `Tracing.turn`."""
        return self._open().turn(
            request_id=request_id, session_id=session_id, message=message, domains=domains
        )

    def http_request(
        self, *, method: str, headers: Mapping[str, str], request_id: str
    ) -> AbstractContextManager[HttpSpan]:
        """Open the span of an HTTP request; see `Tracing.http_request`."""
        return self._open().http_request(method=method, headers=headers, request_id=request_id)

    def close(self) -> None:
        """Send what was not sent yet; takes three seconds at most."""
        with self._lock:
            opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()

    def _open(self) -> Tracing:
        with self._lock:
            if self._opened is None:
                self._opened = open_tracing(self._settings)
            return self._opened
