"""The stored sessions, for callers outside of the event loop that owns them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from mdsa.core.loop_thread import LoopThread
from mdsa.sessions import PruneReport, Session, SessionBackend, SessionInfo

__all__ = ["Sessions"]


class Sessions:
    """List, show, delete and prune sessions. See `mdsa.sessions.SessionBackend` for the errors."""

    def __init__(self, start: Callable[[], tuple[LoopThread, SessionBackend]]) -> None:
        self._start = start

    def list(self, user_id: str | None = None, *, limit: int | None = 100) -> list[SessionInfo]:
        """Return sessions, last used first; with `user_id`, only that user's."""
        loop, store = self._start()
        return loop.call(partial(store.list, user_id, limit=limit))

    def show(self, session_id: str, user_id: str | None = None) -> Session:
        """Return a session with its messages."""
        loop, store = self._start()
        return loop.call(partial(store.show, session_id, user_id))

    def delete(self, session_id: str, user_id: str | None = None) -> None:
        """Delete a session with everything that it said."""
        loop, store = self._start()
        loop.call(partial(store.delete, session_id, user_id))

    def prune(
        self, *, max_age: timedelta | None = None, max_sessions: int | None = None
    ) -> PruneReport:
        """Delete sessions unused for longer than `max_age`, and the oldest over `max_sessions`."""
        loop, store = self._start()
        return loop.call(partial(store.prune, max_age=max_age, max_sessions=max_sessions))
