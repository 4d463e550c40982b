"""How many turns are answered at a time, how many wait, and the end of taking them."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager
from contextvars import ContextVar, Token

from mdsa.server.refusals import OverloadedError

__all__ = ["TurnGate"]

_LONGEST_RETRY_S = 60
_NEWEST_WEIGHT = 0.2

_place: ContextVar[_Place | None] = ContextVar("mdsa_turn_place", default=None)
"""The request's, which its turn takes."""


class _Place:
    """Kept for a turn whose request is on its way to it."""

    def __init__(self, gate: TurnGate) -> None:
        self._gate = gate
        self._token: Token[_Place | None] | None = None
        self._kept = True
        gate.arriving += 1

    def take(self) -> bool:
        """Stop keeping it; False where it is not kept any more."""
        kept, self._kept = self._kept, False
        self._gate.arriving -= kept
        return kept

    def __enter__(self) -> None:
        self._token = _place.set(self)

    def __exit__(self, *_: object) -> None:
        if self._token is not None:
            _place.reset(self._token)
        self.take()


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
        self.arriving = 0
        """Places kept for turns whose requests are being read."""
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
        self._refuse_if_draining()
        taken = self.running + self.waiting + self.arriving
        if taken >= self._most_running + self._most_waiting:
            waiting = self.waiting + self.arriving
            raise OverloadedError(
                f"{self.running} turns are being answered and {waiting} wait; send the message "
                "again later.",
                retry_after_s=self._retry_after_s(),
            )

    def keep_place(self) -> AbstractContextManager[None]:
        """Keep a place for the turn that a request asks for, until the request is over.

        Between its arrival and its turn a request is read, and its caller looked up. Of many that
        come in one moment, without this, all would get that far, and most only to be refused.

        Raises:
            OverloadedError: there is none.
        """
        self.refuse_if_full()
        return _Place(self)

    @asynccontextmanager
    async def admit(self) -> AsyncIterator[None]:
        """Be one of the running turns.

        Raises:
            OverloadedError: too many turns wait, this one waited too long, or the server is about
                to stop.
        """
        place = _place.get()
        if place is not None and place.take():
            self._refuse_if_draining()
        else:
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

    def _refuse_if_draining(self) -> None:
        if self.draining:
            raise OverloadedError(
                "the server is stopping; send the message again in a moment.",
                retry_after_s=self._retry_after_s(),
            )

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
