"""How much time a domain may still take, in seconds.

The time that a person takes to approve a tool call is not counted: what a domain's nodes have
taken stands in its state, and not the moment at which it must end.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from langchain_core.messages import AIMessage

__all__ = ["TimeBudget", "out_of_time", "turn_deadline"]

turn_deadline: ContextVar[float | None] = ContextVar("mdsa_turn_deadline", default=None)
"""When the turn must end, on the clock of `time.monotonic`; None where nobody set a limit."""

_OUT_OF_TIME = "I could not answer this in time: “{query}”"


class TimeBudget:
    """The limit of one domain.

    Args:
        limit_s: of the domain's nodes together; None leaves the turn's own deadline alone.
        clock: that of `turn_deadline`.
    """

    def __init__(
        self, limit_s: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.limit_s = limit_s
        self.clock = clock

    def left_s(self, spent_s: float = 0.0) -> float | None:
        """What is left after `spent_s`; None is no limit, and 0 or less is none left."""
        deadline = turn_deadline.get()
        lefts = [] if self.limit_s is None else [self.limit_s - spent_s]
        lefts += [] if deadline is None else [deadline - self.clock()]
        return min(lefts, default=None)


def out_of_time(query: str) -> AIMessage:
    """What is said where no model had the time to answer."""
    metadata: dict[str, Any] = {
        "abstained": False,
        "degraded": True,
        "passage_ids": [],
        "failures": [{"model": "", "reason": "timeout"}],
    }
    return AIMessage(_OUT_OF_TIME.format(query=query), response_metadata=metadata)
