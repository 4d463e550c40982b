"""What runs once the first request has come: the loop, the sessions and the engine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from mdsa.core.engine import Engine
from mdsa.core.loop_thread import LoopThread
from mdsa.sessions import SessionBackend, open_sessions
from mdsa.settings import Settings

__all__ = ["Running"]


class Running:
    """Opens the sessions on a loop of their own; `loop.close()` ends it all.

    Args:
        settings: where the sessions lie, and how many are kept.
        engine: makes the engine over the sessions.

    Raises:
        StorageError: the data directory, or the sessions' database, cannot be used.
    """

    def __init__(self, settings: Settings, engine: Callable[[SessionBackend], Engine]) -> None:
        self.loop = LoopThread()
        try:
            self.store: SessionBackend = self.loop.enter(open_sessions(settings))
            self._prune(settings)
            self.engine = engine(self.store)
        except BaseException:
            self.loop.close()
            raise

    def _prune(self, settings: Settings) -> None:
        days, most = settings.session_max_age_days, settings.max_sessions
        if days is not None or most is not None:
            max_age = None if days is None else timedelta(days=days)
            self.loop.call(partial(self.store.prune, max_age=max_age, max_sessions=most))
