"""Tells who waits at a terminal that a model is being loaded, where it takes long."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.status import Status

from mdsa.cli.render import console, plain

if TYPE_CHECKING:
    from mdsa.models.memory_budget import LoadEvent
    from mdsa.models.registry import ModelRegistry

__all__ = ["LoadingNotice", "loading_notice"]

_SHOWN_AFTER_S = 2.0


class LoadingNotice:
    """A spinner per loading that takes longer than `after_s`; it vanishes with the loading."""

    def __init__(self, errors: Console, after_s: float = _SHOWN_AFTER_S) -> None:
        self._errors = errors
        self._after_s = after_s
        self._lock = threading.Lock()
        self._timers: dict[str, threading.Timer] = {}
        self._status: Status | None = None

    def on_event(self, event: LoadEvent) -> None:
        """Take note of a loading that begins or ends."""
        with self._lock:
            if event.kind == "loading":
                timer = threading.Timer(self._after_s, self._show, [event])
                timer.daemon = True
                self._timers[event.name] = timer
                timer.start()
            elif event.kind in ("loaded", "failed"):
                self._forget(event.name)

    def close(self) -> None:
        """Take everything away."""
        with self._lock:
            for name in list(self._timers):
                self._forget(name)

    def _forget(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()
        if not self._timers and self._status is not None:
            self._status.stop()
            self._status = None

    def _show(self, event: LoadEvent) -> None:
        with self._lock:
            if event.name not in self._timers:  # it was loaded in the meantime
                return
            text = plain(f"Loading {event.name} (about {event.size_bytes / 1e9:.2f} GB)")
            if self._status is None:
                self._status = Status(text, console=self._errors)
                self._status.start()
            else:
                self._status.update(text)


@contextmanager
def loading_notice(models: ModelRegistry) -> Iterator[None]:
    """Show, at a terminal, which models are loaded meanwhile."""
    errors = console(stderr=True)
    if not errors.is_terminal:
        yield
        return
    notice = LoadingNotice(errors)
    end = models.subscribe(notice.on_event)
    try:
        yield
    finally:
        end()
        notice.close()
