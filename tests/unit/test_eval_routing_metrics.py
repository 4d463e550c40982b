"""Measures of routing against examples worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score, roc_auc_score

from mdsa.evals.routing_metrics import (
    BINS,
    Estimate,
    area_under_risk_coverage,
    auroc,
    bootstrap,
    brier_scores,
    calibration_error_by_chance,
    false_positive_rate,
    macro_f1,
    mean_of,
    reliability_bins,
    risk_coverage,
)
from mdsa.router.calibration import expected_calibration_error


def test_reliability_bins_hold_their_lower_edge():
    bins = reliability_bins(
        np.array([True, False, True, True]), np.array([0.25, 0.5, 0.7, 1.0]), bins=2
    )
    assert [(entry.low, entry.high, entry.count) for entry in bins] == [(0, 0.5, 1), (0.5, 1, 3)]
    assert (bins[0].confidence, bins[0].accuracy) == (0.25, 1)
    assert (bins[1].confidence, bins[1].accuracy) == pytest.approx((2.2 / 3, 2 / 3))


def test_bins_show_what_the_calibration_error_sums_up():
    generator = np.random.default_rng(1)
    confidence = generator.random(500)
    correct = generator.random(500) < confidence**2
    bins = reliability_bins(correct, confidence)
    assert len(bins) == BINS
    gaps = sum(entry.count * abs(entry.accuracy - entry.confidence) for entry in bins) / 500
    assert gaps == pytest.approx(expected_calibration_error(confidence, correct, BINS))
    # Of rows with confidence p, p squared are right: the gap is the mean of p - p², 1/6.
    assert gaps == pytest.approx(1 / 6, abs=0.03)


def test_what_calibration_error_chance_alone_makes():
    # Half of 100 rows are right, give or take a binomial deviation of 5: its mean size is
    # sqrt(2 / pi) times as much.
    chance = calibration_error_by_chance(np.full(100, 0.5), resamples=2000)
    assert chance.value == pytest.approx(0.05 * np.sqrt(2 / np.pi), rel=0.05)
    # 2.24 deviations or more: one draw in forty. Just half are right in one draw of twelve.
    assert chance.high == pytest.approx(0.05 * 2.24, abs=0.011)
    assert chance.low == 0
    assert calibration_error_by_chance(np.ones(100)) == Estimate(0, 0, 0)


def test_brier_by_hand():
    probabilities = np.array([[0.7, 0.2, 0.1], [0.0, 0.0, 1.0]])
    scores = brier_scores(probabilities, np.array([0, 0]))
    assert scores == pytest.approx([0.09 + 0.04 + 0.01, 1 + 1])


def test_macro_f1_is_that_of_scikit_learn():
    gold = np.array([0, 0, 1, 1, 2, 2, 2])
    predicted = np.array([0, 1, 1, 1, 2, 0, 4])
    # F1 by class: 1/2, 4/5, 1/2 and, for class 4, 0; class 3 occurs nowhere.
    assert macro_f1(gold, predicted) == pytest.approx((0.5 + 0.8 + 0.5 + 0) / 4)
    assert macro_f1(gold, predicted) == pytest.approx(
        f1_score(gold, predicted, average="macro", zero_division=0)
    )


def test_risk_falls_with_coverage_by_hand():
    coverage, risk = risk_coverage(
        np.array([True, False, True, False]), np.array([0.9, 0.8, 0.7, 0.6])
    )
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1]
    assert risk.tolist() == [0, 1 / 2, pytest.approx(1 / 3), 1 / 2]
    assert area_under_risk_coverage(
        np.array([True, False, True, False]), np.array([0.9, 0.8, 0.7, 0.6])
    ) == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)


def test_order_does_not_matter_among_equals():
    correct = np.array([True, True, False, False])
    confidence = np.array([0.9, 0.5, 0.5, 0.2])
    for order in ([0, 1, 2, 3], [2, 0, 3, 1], [3, 2, 1, 0]):
        area = area_under_risk_coverage(correct[order], confidence[order])
        assert area == pytest.approx((0 + 0.5 / 2 + 1 / 3 + 2 / 4) / 4)


def test_out_of_scope_by_hand():
    inside = np.array([0.1, 0.2, 0.3, 0.4])
    outside = np.array([0.25, 0.4, 0.9])
    # Pairs in the right order: 2 of 4, 3.5 of 4 and 4 of 4.
    assert auroc(inside, outside) == pytest.approx((2 + 3.5 + 4) / 12)
    assert auroc(inside, outside) == roc_auc_score(
        [0, 0, 0, 0, 1, 1, 1], np.concatenate([inside, outside])
    )
    # To let in 95 % of four, all four must be let in: 0.4 is the threshold.
    assert false_positive_rate(inside, outside) == pytest.approx(2 / 3)
    assert false_positive_rate(inside, outside, accepted=0.75) == pytest.approx(1 / 3)
    assert false_positive_rate(inside, outside, accepted=0.5) == 0


def test_false_positive_rate_lets_in_nineteen_of_twenty():
    inside = np.arange(20) / 20
    assert false_positive_rate(inside, np.array([0.9, 0.95])) == 0.5


def test_bootstrap_holds_the_binomial_interval():
    values = np.repeat([1.0, 0.0], [900, 100])
    estimate = bootstrap(mean_of, values)
    assert estimate.value == 0.9
    assert estimate.low == pytest.approx(0.9 - 1.96 * 0.0095, abs=0.004)
    assert estimate.high == pytest.approx(0.9 + 1.96 * 0.0095, abs=0.004)
    assert estimate == bootstrap(mean_of, values)
    assert estimate != bootstrap(mean_of, values, seed=1)


def test_bootstrap_keeps_pairs_together():
    left = np.arange(50.0)
    together = bootstrap(lambda a, b: float(np.abs(a - b).max()), left, left)
    assert (together.low, together.high) == (0, 0)
    apart = bootstrap(lambda a, b: float(np.abs(a - b).max()), left, left, paired=False)
    assert apart.low is not None
    assert apart.low > 0
    # Each sample is drawn from with its own length.
    sizes = bootstrap(lambda a, b: len(a) + 10 * len(b), left, left[:3], paired=False)
    assert (sizes.value, sizes.low, sizes.high) == (80, 80, 80)


def test_no_interval_of_one_row_or_without_resamples():
    assert bootstrap(mean_of, np.array([1.0])) == Estimate(1.0)
    assert bootstrap(mean_of, np.array([1.0, 0.0]), resamples=0) == Estimate(0.5)


def test_an_estimate_in_another_unit():
    assert Estimate(0.5, 0.25, 0.75).scaled(100) == Estimate(50, 25, 75)
    assert Estimate(0.5).scaled(100) == Estimate(50)
