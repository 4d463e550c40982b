"""The promise of conformal sets, over many draws, and where it cannot be made."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdsa.router.conformal import ConformalScores, rows_needed


@given(
    right=st.lists(st.floats(0, 1), min_size=1, max_size=60),
    percent=st.integers(1, 99),
)
def test_the_floor_is_the_finite_sample_quantile(right: list[float], percent: int) -> None:
    scores = ConformalScores.of(right)
    error = Fraction(percent, 100)
    rank = math.ceil((len(right) + 1) * (1 - error))

    floor = scores.floor(percent / 100)

    if rank > len(right):
        assert floor is None
        assert len(right) < rows_needed(percent / 100)
    else:
        assert floor is not None
        quantile = sorted(1 - value for value in right)[rank - 1]
        assert 1 - floor == quantile
        # The definition itself: leave any row out of n + 1, and at most that share is missed.
        assert sum(value < floor for value in right) <= error * (len(right) + 1)


@given(
    rows=st.integers(5, 40),
    percent=st.integers(3, 60),
    seed=st.integers(0, 2**32 - 1),
)
def test_swapping_any_row_with_the_calibration_rows_keeps_the_promise(
    rows: int, percent: int, seed: int
) -> None:
    """Exchangeability made exact: over all choices of the new message, the share of misses."""
    bag = np.random.default_rng(seed).random(rows + 1).round(1)

    missed = 0
    for index, value in enumerate(bag):
        floor = ConformalScores.of(np.delete(bag, index)).floor(percent / 100)
        missed += floor is not None and bool(value < floor)

    assert Fraction(missed, rows + 1) <= Fraction(percent, 100)


@pytest.mark.parametrize("target_error", [0.02, 0.1])
def test_a_poor_model_keeps_the_error_over_many_splits(target_error: float) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1, (6_000, 8))
    labels = rng.integers(0, 8, 6_000)
    logits[np.arange(6_000), labels] += 2  # and no softmax of these is calibrated
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    misses, sizes = [], []

    for _ in range(40):
        order = rng.permutation(6_000)
        rows, unseen = order[:1_000], order[1_000:]
        floor = ConformalScores.fit(probabilities[rows], labels[rows]).floor(target_error)
        sets = probabilities[unseen] >= floor
        misses.append(1 - sets[np.arange(len(unseen)), labels[unseen]].mean())
        sizes.append(sets.sum(axis=1).mean())

    assert np.mean(misses) == pytest.approx(target_error, abs=0.25 * target_error)
    assert 1 < np.mean(sizes) < 8


def test_too_few_rows_give_no_floor() -> None:
    assert ConformalScores.of([0.9] * 48).floor(0.02) is None
    assert ConformalScores.of([0.9] * 49).floor(0.02) == 0.9
    assert rows_needed(0.02) == 49
    assert ConformalScores.of([]).floor(0.5) is None


@pytest.mark.parametrize("target_error", [0.0, 1.0, -0.1, math.nan])
def test_an_error_that_is_no_share_is_refused(target_error: float) -> None:
    with pytest.raises(ValueError, match="target_error is"):
        ConformalScores.of([0.9]).floor(target_error)


def test_scores_must_be_probabilities() -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        ConformalScores.of([0.5, 1.5])
