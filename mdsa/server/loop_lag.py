"""How late the event loop is: what blocks it delays every request."""

from __future__ import annotations

import asyncio
import time

from prometheus_client import CollectorRegistry, Histogram

__all__ = ["BUSY_METRIC", "LAG_METRIC", "LoopLag"]

LAG_METRIC = "mdsa_event_loop_lag_seconds"
BUSY_METRIC = "mdsa_event_loop_busy_seconds"

_EVERY_S = 0.01
_BOUNDS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.2, 0.5, 1.0, 2.0)


class LoopLag:
    """Asks to be called after 10 ms, again and again, and notes how much later it was.

    A loop that is blocked for some time is seen to be late by that time less 10 ms at most. It is
    late where its own callbacks compute for long, and also where its thread waits: for a core that
    something else has, or for Python's global lock. So the time that its thread computed meanwhile
    is noted beside it: the callbacks of that round took no more.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._late = Histogram(
            LAG_METRIC,
            "How much later than asked for the event loop got round to something.",
            buckets=_BOUNDS_S,
            registry=registry,
        )
        self._busy = Histogram(
            BUSY_METRIC,
            "CPU time of the event loop's thread until it got round to that.",
            buckets=_BOUNDS_S,
            registry=registry,
        )

    async def watch(self) -> None:
        """Measure until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due, computed = loop.time() + _EVERY_S, time.thread_time()
            await asyncio.sleep(_EVERY_S)
            self._late.observe(max(0.0, loop.time() - due))
            self._busy.observe(time.thread_time() - computed)
