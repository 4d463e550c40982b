"""How sure the router was: a histogram of probabilities."""

from __future__ import annotations

import math
from bisect import bisect_left
from itertools import accumulate

__all__ = ["CONFIDENCE_BOUNDS", "ConfidenceHistogram"]

CONFIDENCE_BOUNDS: tuple[float, ...] = tuple(tenth / 10 for tenth in range(1, 11))
"""Upper bounds of the buckets, inclusive."""


class ConfidenceHistogram:
    """Counts probabilities per bucket. Not thread-safe: its owner holds the lock."""

    def __init__(self) -> None:
        self._counts = [0] * len(CONFIDENCE_BOUNDS)
        self.sum = 0.0

    def add(self, confidence: float) -> None:
        """Count a probability, in [0, 1]."""
        self._counts[bisect_left(CONFIDENCE_BOUNDS, confidence)] += 1
        self.sum += confidence

    def cumulative_buckets(self) -> list[tuple[float, int]]:
        """`(upper bound, probabilities up to it)`, as Prometheus counts them; the last is inf."""
        counts = list(accumulate(self._counts))
        return list(zip((*CONFIDENCE_BOUNDS, math.inf), (*counts, counts[-1]), strict=True))
