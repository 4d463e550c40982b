"""Multinomial logistic regression on a few rows, in single precision."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mdsa.router.vectors import product

__all__ = ["LinearModel", "fit_softmax_regression"]

_BIAS_PENALTY = 1e-3


class LinearModel(NamedTuple):
    """Logits are `rows @ weights + bias`; weights (dimensions, classes), bias (classes,)."""

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    def logits(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits of rows (rows, dimensions): (rows, classes)."""
        result: NDArray[np.float32] = product(rows, self.weights) + self.bias
        return result


def fit_softmax_regression(
    rows: NDArray[np.float32],
    labels: NDArray[np.integer],
    row_weights: NDArray[np.floating],
    classes: int,
    *,
    penalty: float,
    iterations: int,
) -> LinearModel:
    """Minimise weighted negative log-likelihood plus half the penalty times the squared weights.

    Args:
        rows: (rows, dimensions).
        labels: class of each row, (rows,).
        row_weights: what each row counts, (rows,).
        classes: how many there are; one without rows is scored by its bias alone.
        penalty: of the weights (not of the bias).
        iterations: of L-BFGS, at most.
    """
    from scipy.optimize import minimize

    dimensions = rows.shape[1]
    design = np.column_stack([rows, np.ones(len(rows), np.float32)])
    counts = np.asarray(row_weights, np.float32)[:, None]
    right = np.zeros((len(rows), classes), np.float32)
    right[np.arange(len(rows)), labels] = 1
    penalties = np.full((dimensions + 1, 1), penalty, np.float32)
    penalties[-1] = _BIAS_PENALTY

    def loss_and_slope(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        found = flat.reshape(dimensions + 1, classes).astype(np.float32)
        logits = design @ found
        logits -= logits.max(axis=1, keepdims=True)
        of_right = logits[np.arange(len(rows)), labels]
        np.exp(logits, out=logits)
        totals = logits.sum(axis=1, keepdims=True)
        loss = float((counts[:, 0] * (np.log(totals[:, 0]) - of_right)).sum())
        logits /= totals
        slope = design.T @ (counts * (logits - right)) + penalties * found
        return loss + 0.5 * float((penalties * found * found).sum()), slope.ravel().astype(float)

    start = np.zeros((dimensions + 1) * classes)
    found = minimize(
        loss_and_slope, start, jac=True, method="L-BFGS-B", options={"maxiter": iterations}
    )
    weights = found.x.reshape(dimensions + 1, classes).astype(np.float32)
    return LinearModel(np.ascontiguousarray(weights[:-1]), weights[-1])
