"""Stops asking a model that keeps failing, and asks again once in a while whether it is back.

The pattern is Michael Nygard's ("Release It!", 2007). purgatory 3.0, circuitbreaker 2.1 and
pybreaker 1.4 were looked at: the first two let every waiting call through when they half-open, the
third holds its lock while a call runs, and none of them shares one state between sync and async.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Literal

__all__ = ["BreakerState", "CircuitBreaker", "Permit"]

BreakerState = Literal["closed", "open", "half_open"]


class CircuitBreaker:
    """Counts failures in a row; thread-safe, and it never blocks, so that async code may use it.

    Closed, it lets every call through; `failures` in a row open it. Open, it refuses all until
    `recovery_s` is over. Then one call goes through as a probe and the others are refused on: the
    probe's success closes it, its failure opens it again, for twice as long each time.

    Args:
        failures: in a row, after which it opens.
        recovery_s: how long it stays open the first time, in seconds.
        max_recovery_s: how long at most.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        *,
        failures: int = 3,
        recovery_s: float = 30.0,
        max_recovery_s: float = 600.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = failures
        self._first_recovery_s = recovery_s
        self._max_recovery_s = max(recovery_s, max_recovery_s)
        self._clock = clock
        self._lock = threading.Lock()
        self._state: BreakerState = "closed"
        self._epoch = 0
        """Rises with every change of the state: what began before one does not count after it."""
        self._failures = 0
        self._recovery_s = recovery_s
        self._until = 0.0
        self._reason = ""
        self._opened_total = 0
        self._refused_total = 0

    @property
    def state(self) -> BreakerState:
        """`open` also while the time is over and no probe has come."""
        with self._lock:
            return self._state

    @property
    def reason(self) -> str:
        """What the last failure was; empty where there was none since the last success."""
        with self._lock:
            return self._reason

    def admit(self) -> Permit | None:
        """Let a call through, or refuse it with None.

        A call that was let through must tell how it ended; see `Permit`.
        """
        with self._lock:
            if self._state == "open" and self._clock() >= self._until:
                self._change("half_open")
                return Permit(self, self._epoch)
            if self._state == "closed":
                return Permit(self, self._epoch)
            self._refused_total += 1
            return None

    def snapshot(self) -> dict[str, Any]:
        """Its state and counts, JSON-ready; `retry_in_s` is how long it still refuses."""
        with self._lock:
            left = self._until - self._clock() if self._state == "open" else 0.0
            return {
                "state": self._state,
                "failures_in_a_row": self._failures,
                "reason": self._reason,
                "retry_in_s": round(max(left, 0.0), 3),
                "opened_total": self._opened_total,
                "refused_total": self._refused_total,
            }

    def _end(self, epoch: int, outcome: Literal["success", "failure", "none"], reason: str) -> None:
        with self._lock:
            if epoch != self._epoch:
                return
            if outcome == "success":
                self._failures, self._reason = 0, ""
                self._recovery_s = self._first_recovery_s
                if self._state == "half_open":
                    self._change("closed")
            elif outcome == "failure":
                self._failures += 1
                self._reason = reason
                if self._state == "half_open":
                    self._recovery_s = min(2 * self._recovery_s, self._max_recovery_s)
                    self._open()
                elif self._failures >= self._limit:
                    self._open()
            elif self._state == "half_open":
                # The probe told nothing; the next call is one.
                self._change("open")

    def _open(self) -> None:
        self._change("open")
        self._opened_total += 1
        self._until = self._clock() + self._recovery_s

    def _change(self, state: BreakerState) -> None:
        self._state = state
        self._epoch += 1


class Permit:
    """A call that was let through. The first of its methods counts, later ones do nothing."""

    __slots__ = ("_breaker", "_ended", "_epoch")

    def __init__(self, breaker: CircuitBreaker, epoch: int) -> None:
        self._breaker = breaker
        self._epoch = epoch
        self._ended = False

    def succeeded(self) -> None:
        """The model answered."""
        self._finish("success")

    def failed(self, reason: str) -> None:
        """The model did not answer; `reason` is kept for those who ask why."""
        self._finish("failure", reason)

    def abandoned(self) -> None:
        """The call ended without telling anything of the model, by being cancelled for example."""
        self._finish("none")

    def _finish(self, outcome: Literal["success", "failure", "none"], reason: str = "") -> None:
        if not self._ended:
            self._ended = True
            self._breaker._end(self._epoch, outcome, reason)
