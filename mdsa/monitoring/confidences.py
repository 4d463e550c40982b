"""How sure the router was: a histogram of probabilities."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import accumulate

__all__ = ["CONFIDENCE_BOUNDS", "ConfidenceHistogram"]

CONFIDENCE_BOUNDS: tuple[float, ...] = tuple(tenth / 10 for tenth in range(1, 11))
"""Upper bounds of the buckets, inclusive."""


@dataclass(slots=True)
class ConfidenceHistogram:
    """Counts probabilities per bucket. Not thread-safe: its owner holds the lock."""

    counts: list[int] = field(default_factory=lambda: [0] * len(CONFIDENCE_BOUNDS))
    sum: float = 0.0

    def add(self, confidence: float) -> None:
        """Count a probability, in [0, 1]."""
        self.counts[bisect_left(CONFIDENCE_BOUNDS, confidence)] += 1
        self.sum += confidence

    def merge(self, other: ConfidenceHistogram) -> None:
        """Count what another one has counted."""
        self.counts = [one + more for one, more in zip(self.counts, other.counts, strict=True)]
        self.sum += other.sum

    def cumulative_buckets(self) -> list[tuple[float, int]]:
        """`(upper bound, probabilities up to it)`, as Prometheus counts them; the last is inf."""
        counts = list(accumulate(self.counts))
        return list(zip((*CONFIDENCE_BOUNDS, math.inf), (*counts, counts[-1]), strict=True))
