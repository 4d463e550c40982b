"""The load command's figures, from samples whose figures are known."""

from __future__ import annotations

import math

import pytest

from mdsa.errors import MdsaError
from mdsa.evals.load_figures import Lag, Phase, lag_between, lag_counts, phase_of
from mdsa.evals.load_goodput import goodput_of
from mdsa.evals.load_table import table
from mdsa.server.loop_lag import LAG_METRIC

LAG = Lag(probes=1000, over_50_ms=2, p999_ms=75.0, most_ms=100.0)


def test_a_phase_counts_what_ended_within_it():
    begin = 100.0
    samples = [
        (begin, begin + 0.5, 200, False),  # in the ramp, which is passed over
        *((begin + 1 + n / 10, begin + 1.2 + n / 10, 200, False) for n in range(10)),
        (begin + 1.5, begin + 1.51, 503, True),
        (begin + 1.5, begin + 1.51, 429, False),
        (begin + 1.5, begin + 1.9, 500, False),
        (begin + 2.0, begin + 99.0, 200, False),  # ends after the phase
    ]
    phase = phase_of("app", 4, samples, None, None, skip_s=1.0, seconds=2.0)
    assert phase.throughput == 5.0
    assert phase.offered == 7.0
    assert math.isclose(phase.p50_ms, 200.0, rel_tol=1e-6)
    assert phase.refused == 2
    assert phase.refused_without_retry_after == 1
    assert phase.failed == {500: 1}


def test_lag_is_what_came_between_two_readings():
    text = "\n".join(
        f'mdsa_event_loop_lag_seconds_bucket{{le="{bound}"}} {count}'
        for bound, count in [("0.001", 900.0), ("0.05", 1995.0), ("0.1", 1999.0), ("+Inf", 2000.0)]
    )
    before = {0.001: 400, 0.05: 1000, 0.1: 1000, math.inf: 1000}
    lag = lag_between(before, lag_counts(text, LAG_METRIC))
    assert lag == Lag(probes=1000, over_50_ms=5, p999_ms=100.0, most_ms=math.inf)
    assert lag_between(before, before) is None


def test_lag_of_several_workers_is_added_up():
    text = "\n".join(
        f'mdsa_event_loop_lag_seconds_bucket{{le="{bound}",worker="{worker}"}} {count}'
        for worker in (1, 2)
        for bound, count in [("0.05", 3.0), ("+Inf", 4.0)]
    )
    assert lag_counts(text, LAG_METRIC) == {0.05: 6, math.inf: 8}


def _phase(clients: int, answers: int, refused: int = 0) -> Phase:
    samples = [(n / answers, n / answers + 0.1, 200, False) for n in range(answers)]
    samples += [(n / 1000, n / 1000 + 0.01, 503, True) for n in range(refused)]
    return phase_of("MDSA", clients, samples, LAG, LAG, skip_s=0.0, seconds=1.5)


def test_goodput_under_ten_times_the_load_is_told_against_the_peak_of_its_round():
    rounds = [
        (_phase(8, 30), _phase(80, 27, 600)),
        (_phase(8, 40), _phase(80, 32, 500)),
        (_phase(8, 20), _phase(80, 20, 400)),
    ]
    goodput = goodput_of(rounds)
    assert goodput.shares == pytest.approx((0.9, 0.8, 1.0))
    # Student's t with two degrees of freedom is 4.303 at .975, from tables.
    assert (goodput.low, goodput.high) == pytest.approx(
        (0.9 - 4.303 * 0.1 / 3**0.5, 0.9 + 4.303 * 0.1 / 3**0.5), abs=1e-4
    )
    text = table([phase for both in rounds for phase in both], goodput, None)
    assert "it gives 90.0% (95 % interval 65.2% to 114.8%) of it; 3 rounds: 90%, 80%, 100%" in text
    assert "1500 refused, 0 of them without Retry-After" in text
    assert text.splitlines()[1].endswith("≤ 100 ms   0.20% ≤ 100 ms")


def test_a_round_without_a_peak_is_refused():
    with pytest.raises(MdsaError, match="MDSA answered nothing within"):
        goodput_of([(_phase(8, 0), _phase(80, 27, 600))])


def test_a_single_round_has_no_interval():
    goodput = goodput_of([(_phase(8, 30), _phase(80, 27, 600))])
    assert (goodput.low, goodput.high) == (None, None)  # NaN would not be JSON
    assert "it gives 90.0% of it; 1 round: 90%" in table([], goodput, None)
