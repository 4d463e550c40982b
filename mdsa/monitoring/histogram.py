"""A latency histogram with fixed buckets: bounded memory, and percentiles by interpolation."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import accumulate

from mdsa.errors import InvalidInputError

__all__ = ["BUCKET_BOUNDS_MS", "LatencyHistogram"]

BUCKET_BOUNDS_MS: tuple[float, ...] = (
    *(0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0),
    *(1_000.0, 2_500.0, 5_000.0, 10_000.0, 30_000.0, 60_000.0),
)
"""Upper bounds of the buckets in milliseconds, inclusive; one more bucket holds what is above."""


@dataclass(slots=True)
class LatencyHistogram:
    """Counts latencies per bucket. Not thread-safe: its owner holds the lock."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKET_BOUNDS_MS) + 1))
    sum_ms: float = 0.0
    min_ms: float = math.inf
    max_ms: float = 0.0

    @property
    def count(self) -> int:
        """How many latencies were added."""
        return sum(self.counts)

    @property
    def mean_ms(self) -> float:
        """Average in milliseconds; 0.0 where nothing was added."""
        count = self.count
        return self.sum_ms / count if count else 0.0

    def add(self, latency_ms: float) -> None:
        """Count one latency in milliseconds.

        Raises:
            InvalidInputError: it is negative, infinite or not a number.
        """
        if not 0 <= latency_ms < math.inf:
            raise InvalidInputError(
                f"latency_ms is {latency_ms!r}; give a finite number of milliseconds, 0 or more."
            )
        self.counts[bisect_left(BUCKET_BOUNDS_MS, latency_ms)] += 1
        self.sum_ms += latency_ms
        self.min_ms = min(self.min_ms, latency_ms)
        self.max_ms = max(self.max_ms, latency_ms)

    def merge(self, other: LatencyHistogram) -> None:
        """Count what another one has counted."""
        self.counts = [one + more for one, more in zip(self.counts, other.counts, strict=True)]
        self.sum_ms += other.sum_ms
        self.min_ms = min(self.min_ms, other.min_ms)
        self.max_ms = max(self.max_ms, other.max_ms)

    def quantile(self, q: float) -> float:
        """Estimate the `q` quantile in milliseconds; 0.0 where nothing was added.

        Linear interpolation inside the bucket that holds the rank, as Prometheus'
        `histogram_quantile` does, and kept within the smallest and largest latency seen. The
        error is at most the width of that bucket.
        """
        count = self.count
        if not count:
            return 0.0
        rank = q * count
        seen = 0
        for index, in_bucket in enumerate(self.counts):
            if in_bucket and seen + in_bucket >= rank:
                lower = BUCKET_BOUNDS_MS[index - 1] if index else 0.0
                above = index == len(BUCKET_BOUNDS_MS)
                upper = self.max_ms if above else BUCKET_BOUNDS_MS[index]
                estimate = lower + (upper - lower) * (rank - seen) / in_bucket
                return min(max(estimate, self.min_ms), self.max_ms)
            seen += in_bucket
        return self.max_ms

    def percentiles(self) -> dict[str, float]:
        """The estimates that a dashboard shows, in milliseconds."""
        return {
            "p50_ms": self.quantile(0.50),
            "p95_ms": self.quantile(0.95),
            "p99_ms": self.quantile(0.99),
        }

    def cumulative_buckets(self) -> list[tuple[float, int]]:
        """`(upper bound in ms, latencies up to it)`, as Prometheus counts them; the last is inf."""
        return list(zip((*BUCKET_BOUNDS_MS, math.inf), accumulate(self.counts), strict=True))
