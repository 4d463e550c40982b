"""Tracing that begins when it is first needed, as all of the agent does."""

from __future__ import annotations

from threading import Lock

from mdsa.monitoring.tracing.opening import open_tracing
from mdsa.monitoring.tracing.protocol import Tracing
from mdsa.settings import Settings

__all__ = ["LazyTracing"]


class LazyTracing:
    """Opens tracing once; safe among threads.

    Args:
        settings: say whether turns are traced.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._opened: Tracing | None = None

    def get(self) -> Tracing:
        """Open it, if it is not open.

        Raises:
            ConfigError: as `open_tracing` does.
        """
        with self._lock:
            if self._opened is None:
                self._opened = open_tracing(self._settings)
            return self._opened

    def close(self) -> None:
        """Send what was not sent yet; takes three seconds at most. It can be opened again."""
        with self._lock:
            opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()
