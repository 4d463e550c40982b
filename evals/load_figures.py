"""Figures of one phase of load."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import quantiles

__all__ = ["Lag", "Phase", "Sample", "lag_between", "lag_counts", "phase_of"]

Sample = tuple[float, float, int, bool]
"""When a request began and ended, in seconds since the epoch, its status (0: none), and whether
the answer had Retry-After."""

_OK = 200
_REFUSED = (429, 503)


@dataclass(frozen=True, slots=True)
class Lag:
    """How late the event loop was, or how long busy; bounds are those of a histogram's buckets.

    Attributes:
        probes: how often it was looked at.
        over_50_ms: how often it was more than 50 ms.
        p999_ms: an upper bound of 99.9 % of the times.
        most_ms: an upper bound of all times.
    """

    probes: int
    over_50_ms: int
    p999_ms: float
    most_ms: float


@dataclass(frozen=True, slots=True)
class Phase:
    """What one number of clients saw.

    Attributes:
        throughput: answers per second; those that came before the deadline, as all do here.
        p50_ms: of the answers, as are the others.
        refused: requests refused with a 429 or 503.
        refused_without_retry_after: those of them that did not say when to come back.
        failed: requests that got any other answer, or none.
        lag: how late the server's event loop was.
        busy: how long its thread computed until it got round to something.
    """

    app: str
    clients: int
    seconds: float
    offered: float
    throughput: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    refused: int
    refused_without_retry_after: int
    failed: dict[int, int]
    lag: Lag | None
    busy: Lag | None


def phase_of(
    app: str,
    clients: int,
    samples: Sequence[Sample],
    lag: Lag | None,
    busy: Lag | None,
    *,
    skip_s: float,
    seconds: float,
) -> Phase:
    """Make the figures of a phase.

    Args:
        app: what was asked.
        clients: how many asked at a time.
        samples: all requests.
        lag: of the server's loop meanwhile.
        busy: likewise.
        skip_s: what is passed over in the beginning, while clients come in.
        seconds: how long is counted from there.
    """
    begin = min((sample[0] for sample in samples), default=0.0) + skip_s
    ended = [sample for sample in samples if begin <= sample[1] < begin + seconds]
    times = sorted((end - start) * 1000 for start, end, status, _ in ended if status == _OK)
    refused = [retry_after for *_, status, retry_after in ended if status in _REFUSED]
    others = Counter(s[2] for s in ended if s[2] != _OK and s[2] not in _REFUSED)
    cuts = quantiles(times, n=100) if len(times) > 1 else [math.nan] * 99
    return Phase(
        app=app,
        clients=clients,
        seconds=seconds,
        offered=sum(begin <= sample[0] < begin + seconds for sample in samples) / seconds,
        throughput=len(times) / seconds,
        p50_ms=cuts[49],
        p95_ms=cuts[94],
        p99_ms=cuts[98],
        refused=len(refused),
        refused_without_retry_after=refused.count(False),
        failed=dict(others),
        lag=lag,
        busy=busy,
    )


def lag_counts(metrics: str, name: str) -> dict[float, int]:
    """Read the cumulative counts of a histogram, by bound in seconds, of all workers."""
    bucket = re.compile(rf'^{name}_bucket{{le="([^"]+)"[^}}]*}} (\S+)$', re.MULTILINE)
    counts = Counter[float]()
    for bound, count in bucket.findall(metrics):
        counts[float(bound)] += int(float(count))
    return dict(counts)


def lag_between(before: Mapping[float, int], after: Mapping[float, int]) -> Lag | None:
    """Give what came between two readings; None where there was nothing."""
    counts = {bound: count - before.get(bound, 0) for bound, count in sorted(after.items())}
    probes = counts.get(math.inf, 0)
    if not probes:
        return None

    def bound_of(share: float) -> float:
        return 1000 * next(bound for bound, count in counts.items() if count >= share * probes)

    return Lag(
        probes=probes,
        over_50_ms=probes - counts.get(0.05, 0),
        p999_ms=bound_of(0.999),
        most_ms=bound_of(1.0),
    )
