from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdsa.errors import InvalidInputError
from mdsa.monitoring.histogram import BUCKET_BOUNDS_MS, LatencyHistogram

_latencies = st.lists(
    st.floats(min_value=0, max_value=1e7, allow_nan=False), min_size=1, max_size=200
)


def _filled(latencies: list[float]) -> LatencyHistogram:
    histogram = LatencyHistogram()
    for latency in latencies:
        histogram.add(latency)
    return histogram


def test_an_empty_histogram_has_zeros_and_no_nan() -> None:
    histogram = LatencyHistogram()

    assert histogram.count == 0
    assert histogram.mean_ms == 0.0
    assert histogram.percentiles() == {"p50_ms": 0.0, "p95_ms": 0.0, "p99_ms": 0.0}


@given(_latencies)
def test_estimates_rise_with_the_quantile_and_stay_within_what_was_seen(
    latencies: list[float],
) -> None:
    p50, p95, p99 = _filled(latencies).percentiles().values()

    assert min(latencies) <= p50 <= p95 <= p99 <= max(latencies)


@given(_latencies)
def test_an_estimate_lies_in_the_bucket_of_the_true_quantile(latencies: list[float]) -> None:
    true = sorted(latencies)[math.ceil(0.95 * len(latencies)) - 1]
    index = sum(bound < true for bound in BUCKET_BOUNDS_MS)
    lower = BUCKET_BOUNDS_MS[index - 1] if index else 0.0
    upper = BUCKET_BOUNDS_MS[index] if index < len(BUCKET_BOUNDS_MS) else math.inf

    assert lower <= _filled(latencies).quantile(0.95) <= upper


@given(_latencies)
def test_mean_and_count_are_exact(latencies: list[float]) -> None:
    histogram = _filled(latencies)

    assert histogram.count == len(latencies)
    assert histogram.mean_ms == pytest.approx(statistics.fmean(latencies))


def test_buckets_are_cumulative_with_inclusive_upper_bounds() -> None:
    buckets = dict(_filled([0.5, 0.6, 1.0, 70_000.0]).cumulative_buckets())

    assert buckets[0.5] == 1
    assert buckets[1.0] == 3
    assert buckets[60_000.0] == 3
    assert buckets[math.inf] == 4


@pytest.mark.parametrize("latency", [-0.1, math.nan, math.inf])
def test_what_is_no_latency_is_refused_and_not_counted(latency: float) -> None:
    histogram = LatencyHistogram()
    with pytest.raises(InvalidInputError, match="finite number of milliseconds"):
        histogram.add(latency)
    assert histogram.count == 0
