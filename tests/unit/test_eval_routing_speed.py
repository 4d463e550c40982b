"""The report of the router's speed; how long things take is not tested."""

from __future__ import annotations

import pytest

from mdsa.evals.routing_speed import Clocked, RoutingSpeed


def speed(similarity: Clocked | None) -> RoutingSpeed:
    return RoutingSpeed(
        message=Clocked(0.5, 1),
        cold=Clocked(0.8, 2),
        encoding=Clocked(0.4, 0.9),
        by_tokens={8: Clocked(0.3, 1), 16: Clocked(0.5, 1)},
        by_domains={3: Clocked(0.5, 1), 30: Clocked(0.5, 1), 1000: Clocked(0.55, 1)},
        batch_ratio=4.5,
        batch_cpu_ratio=1.5,
        batch_threads=8,
        threads_ratio=1.9,
        load_s=0.25,
        similarity=similarity,
    )


def test_ratios_are_of_medians() -> None:
    measured = speed(Clocked(10, 20))

    assert measured.flatness == pytest.approx(1.1)
    assert measured.times_faster == pytest.approx(20)
    assert "20.0" in measured.table()
    assert "empty caches" in measured.table()
    assert "batches of 64 in 8 threads to singles in one: 4.50" in measured.table()


def test_without_the_rival_its_rows_are_left_out() -> None:
    measured = speed(None)

    assert measured.times_faster is None
    assert "MiniLM" not in measured.table()
    assert "1000 domains" in measured.table()
