"""Temperature scaling and the calibration error, on logits of a known truth."""

from __future__ import annotations

import numpy as np
import pytest

from mdsa.router.calibration import (
    expected_calibration_error,
    fit_temperature,
    log_sum_exp,
    softmax,
)

RNG = np.random.default_rng(0)


def drawn_labels(logits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Labels that follow the probabilities of the logits."""
    cumulative = softmax(logits).cumsum(axis=1)
    labels: np.ndarray = (rng.random((len(logits), 1)) > cumulative).sum(axis=1)
    return labels


@pytest.mark.parametrize("factor", [0.25, 1.0, 4.0])
def test_the_temperature_undoes_a_scaling_of_true_logits(factor: float) -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 2, (20_000, 6))
    labels = drawn_labels(logits, rng)

    assert fit_temperature(logits * factor, labels) == pytest.approx(factor, rel=0.05)


def test_calibration_mends_overconfidence() -> None:
    rng = np.random.default_rng(2)
    logits = rng.normal(0, 1.5, (20_000, 5))
    labels = drawn_labels(logits, rng)
    wild = logits * 3
    fitted, unseen = slice(0, 10_000), slice(10_000, None)

    temperature = fit_temperature(wild[fitted], labels[fitted])

    right = wild[unseen].argmax(axis=1) == labels[unseen]
    before = expected_calibration_error(softmax(wild[unseen]).max(axis=1), right)
    after = expected_calibration_error(softmax(wild[unseen], temperature).max(axis=1), right)
    assert before > 0.15
    assert after < 0.02


def test_a_few_rows_that_are_all_right_do_not_make_certainty() -> None:
    few, many = (np.tile([[5.0, 0.0], [0.0, 5.0]], (count, 1)) for count in (5, 500))

    sure = [
        softmax(logits, fit_temperature(logits, logits.argmax(axis=1))).max()
        for logits in (few, many)
    ]

    # One unknown row among 11, or 1001, is wrong half the time.
    assert sure == pytest.approx([1 - 0.5 / 11, 1 - 0.5 / 1001])


def test_rows_and_labels_must_match() -> None:
    with pytest.raises(ValueError, match="2 rows of logits and 1 labels"):
        fit_temperature(np.zeros((2, 3)), np.array([0]))
    with pytest.raises(ValueError, match="0 rows"):
        fit_temperature(np.zeros((0, 3)), np.array([], dtype=int))


def test_the_error_is_the_gap_weighted_by_rows() -> None:
    confidence = np.array([0.9, 0.9, 0.9, 0.9, 0.6, 1.0])
    right = np.array([True, True, False, False, True, True])

    # 4 rows of 0.9 of which half are right, 1 of 0.6 that is right, 1 of 1.0 that is right.
    assert expected_calibration_error(confidence, right) == pytest.approx(
        (4 * 0.4 + 1 * 0.4 + 0) / 6
    )
    assert expected_calibration_error(np.array([]), np.array([], dtype=bool)) == 0.0


def test_huge_logits_do_not_overflow() -> None:
    logits = np.array([[1e4, 0.0], [-1e4, -1e4]])

    assert softmax(logits).tolist() == [[1.0, 0.0], [0.5, 0.5]]
    assert log_sum_exp(logits) == pytest.approx([1e4, -1e4 + np.log(2)])
