"""Runs the server, and ends it without cutting off anybody's answer."""

from __future__ import annotations

import gc
import sys
import time
from types import FrameType

import uvicorn
from fastapi import FastAPI
from threadpoolctl import threadpool_limits
from typing_extensions import override

from mdsa.server.early_refusal import EarlyRefusal
from mdsa.server.service import Service

__all__ = ["DrainingServer"]

_AFTER_DRAIN_S = 5
_SWITCH_S = 0.001
"""After so long a thread that computes lets the event loop have Python's global lock; by default,
which is 0.005, the loop is late more often under load."""


class DrainingServer(uvicorn.Server):
    """Answers on after SIGTERM (or Ctrl-C) until the turns in flight have ended.

    Meanwhile `/ready` tells load balancers to look elsewhere, and new turns are refused with a 503.
    A second signal ends it at once.

    Args:
        app: of `create_app`.
        drain_s: how long turns may take from then on.
        owns_process: whether Python's settings for the whole process are this server's to make.
    """

    def __init__(self, app: FastAPI, *, drain_s: float, owns_process: bool = False) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=EarlyRefusal,
                log_level="warning",
                access_log=False,
                server_header=False,
                lifespan="on",
                timeout_graceful_shutdown=_AFTER_DRAIN_S,
            )
        )
        self._app = app
        self._drain_s = drain_s
        self._end_by: float | None = None
        self._to_settle = owns_process
        if owns_process:
            sys.setswitchinterval(_SWITCH_S)

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end; called as a signal handler."""
        if self._end_by is None:
            self._end_by = time.monotonic() + self._drain_s
        else:
            self.should_exit = self.force_exit = True

    @override
    async def on_tick(self, counter: int) -> bool:
        """Tell, ten times a second, whether to stop."""
        service: Service | None = getattr(self._app.state, "service", None)
        if self._to_settle and service is not None and not service.starting:
            self._to_settle = False
            _settle()
        if self._end_by is not None:
            if service is not None:
                service.turns.draining = True
            if service is None or service.turns.idle or time.monotonic() >= self._end_by:
                self.should_exit = True
        return await super().on_tick(counter)


def _settle() -> None:
    """Set the process up for turns, once everything that they need is loaded."""
    # Turns run side by side, so no product of matrices needs a second core, and OpenBLAS's threads
    # keep one busy for milliseconds after each: a fifth of two cores' time under load.
    threadpool_limits(limits=1, user_api="blas")
    # What was loaded stays to the end. Looking through it again and again stops all threads.
    gc.collect()
    gc.freeze()
