"""Probabilities that mean what they say: temperature scaling, and how far off confidences are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Floats", "expected_calibration_error", "fit_temperature", "log_sum_exp", "softmax"]

Floats = NDArray[np.float64]

_COLDEST, _HOTTEST = 1e-2, 1e2


def softmax(logits: NDArray[np.floating], temperature: float = 1.0) -> Floats:
    """Probabilities of rows of logits (rows, classes), divided by the temperature first."""
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    exponents = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    result: Floats = exponents / exponents.sum(axis=1, keepdims=True)
    return result


def log_sum_exp(logits: NDArray[np.floating]) -> Floats:
    """Logarithm of the summed exponentials of each row of logits (rows, classes)."""
    exact = np.asarray(logits, dtype=np.float64)
    highest = exact.max(axis=1)
    result: Floats = highest + np.log(np.exp(exact - highest[:, None]).sum(axis=1))
    return result


def fit_temperature(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """Find the temperature under which held-out labels are likeliest.

    Temperature scaling (Guo et al. 2017, arXiv:1706.04599): the order of the classes stays, and
    with it every decision; only the probabilities change. The mean negative log-likelihood is
    convex in the inverse temperature, so its slope is bisected. One row more, equally likely of
    any class, is counted in: a few rows that are all right do not make certainty.

    Args:
        logits: of rows that the model was not trained on, (rows, classes).
        labels: index of each row's right class, (rows,).

    Returns:
        A temperature from 0.01 to 100.

    Raises:
        ValueError: there are no rows, or not as many labels.
    """
    exact = np.asarray(logits, dtype=np.float64)
    if len(exact) == 0 or len(exact) != len(labels):
        raise ValueError(
            f"{len(exact)} rows of logits and {len(labels)} labels; give one label a row, and at "
            "least one row."
        )
    unknown = 1 / (len(exact) + 1)
    right = exact[np.arange(len(exact)), labels].mean()
    wanted = (1 - unknown) * right + unknown * exact.mean()

    def slope(log_inverse: float) -> float:
        expected = (softmax(exact, np.exp(-log_inverse)) * exact).sum(axis=1).mean()
        return float(expected - wanted)

    low, high = np.log(1 / _HOTTEST), np.log(1 / _COLDEST)
    for _ in range(50):
        middle = (low + high) / 2
        if slope(middle) < 0:
            low = middle
        else:
            high = middle
    return float(np.exp(-(low + high) / 2))


def expected_calibration_error(
    confidence: NDArray[np.floating], right: NDArray[np.bool_], bins: int = 15
) -> float:
    """Mean gap between confidence and accuracy over bins of equal width (Guo et al. 2017).

    Args:
        confidence: probability given to the chosen class, (rows,), in [0, 1].
        right: whether the choice was right, (rows,).
        bins: into how many the confidences are sorted.

    Returns:
        The gap of each bin, weighted by its rows; in [0, 1], and 0 without rows.
    """
    if len(confidence) == 0:
        return 0.0
    index = np.minimum((np.asarray(confidence) * bins).astype(int), bins - 1)
    rows = np.bincount(index, minlength=bins)
    gaps = np.bincount(index, np.asarray(confidence) - right, minlength=bins)
    return float(np.abs(gaps).sum() / rows.sum())
