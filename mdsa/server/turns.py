"""How many turns are answered at a time, how many wait, and the end of taking them."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mdsa.server.refusals import OverloadedError

__all__ = ["TurnGate"]

_LONGEST_RETRY_S = 60
_NEWEST_WEIGHT = 0.2


class TurnGate:
    """Lets turns in, one event loop's.

    Args:
        most_running: turns answered at a time.
        most_waiting: turns that wait for one of those; more are refused.
        wait_s: how long one may wait.
    """

    def __init__(self, most_running: int, most_waiting: int, wait_s: float) -> None:
        self._most_running = most_running
        self._most_waiting = most_waiting
        self._wait_s = wait_s
        self._slots = asyncio.Semaphore(most_running)
        self._mean_s = 1.0
        self.running = 0
        self.waiting = 0
        self.draining = False
        """Set before the server stops: what is in flight ends, and nothing new begins."""

    @property
    def idle(self) -> bool:
        """Nothing is in flight."""
        return not self.running and not self.waiting

    def refuse_if_full(self) -> None:
        """Refuse what would not even be let wait.

        Raises:
            OverloadedError: too many turns wait, or the server is about to stop.
        """
        if self.draining:
            raise OverloadedError(
                "the server is stopping; send the message again in a moment.",
                retry_after_s=self._retry_after_s(),
            )
        if self._slots.locked() and self.waiting >= self._most_waiting:
            raise OverloadedError(
                f"{self.running} turns are being answered and {self.waiting} wait; send the "
                "message again later.",
                retry_after_s=self._retry_after_s(),
            )

    @asynccontextmanager
    async def admit(self) -> AsyncIterator[None]:
        """Be one of the running turns.

        Raises:
            OverloadedError: too many turns wait, this one waited too long, or the server is about
                to stop.
        """
        self.refuse_if_full()
        await self._enter()
        began = time.monotonic()
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1
            self._slots.release()
            self._mean_s += _NEWEST_WEIGHT * (time.monotonic() - began - self._mean_s)

    async def _enter(self) -> None:
        self.waiting += 1
        try:
            async with asyncio.timeout(self._wait_s):
                await self._slots.acquire()
        except TimeoutError as error:
            raise OverloadedError(
                f"the turn waited {self._wait_s:g} s for others to end; send the message again "
                "later.",
                retry_after_s=self._retry_after_s(),
            ) from error
        finally:
            self.waiting -= 1

    def _retry_after_s(self) -> int:
        """About when those that wait now will have begun."""
        expected = self._mean_s * (self.waiting + 1) / self._most_running
        return min(max(1, math.ceil(expected)), _LONGEST_RETRY_S)
