"""What a light classifier says of rows that it never saw."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mdsa.router.calibration import Floats, fit_temperature, softmax

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

__all__ = ["FOLDS", "cross_validated_probabilities", "fitted_probabilities"]

FOLDS = 5

_STRENGTH = 3.0
"""scikit-learn's C; on BANKING77 and CLINC150 with 2 % wrong labels, 1 to 10 differ little."""

_STEPS = 25
"""Steps of the solver. More of them changed neither accuracy nor what looked mislabelled."""


def cross_validated_probabilities(
    vectors: NDArray[np.float32],
    labels: NDArray[np.int64],
    groups: NDArray[np.int64],
    seed: int = 0,
) -> Floats:
    """Probability of every label for every row, from a classifier that saw no row of its group.

    Logistic regression over the embeddings in five folds, then one temperature for all.

    Args:
        vectors: (rows, dimension).
        labels: index of each row's label, each from 0 to the highest occurring, (rows,).
        groups: number of each row's group, from 0; a group falls in one fold, (rows,).
        seed: which draw of folds.

    Returns:
        (rows, labels). A label all of whose rows lie in one fold has no probability there.
    """
    count = int(labels.max()) + 1
    logits = np.full((len(vectors), count), -np.inf)
    folds = _folds(labels, groups, seed)
    for fold in range(FOLDS):
        held = folds == fold
        known = np.unique(labels[~held])
        if not held.any() or not len(known):
            continue
        if len(known) == 1:
            logits[held, known[0]] = 0.0
            continue
        logits[np.ix_(held, known)] = _logits(_fit(vectors[~held], labels[~held]), vectors[held])
    # A label that was not there in training has no logit: far below the others, yet finite.
    finite = np.where(np.isfinite(logits), logits, np.nan)
    lowest = np.nanmin(finite, axis=1, initial=0.0, keepdims=True) - 20
    filled = np.where(np.isfinite(logits), logits, lowest)
    judged = np.isfinite(logits[np.arange(len(labels)), labels])
    temperature = fit_temperature(filled[judged], labels[judged]) if judged.any() else 1.0
    return softmax(filled, temperature)


def fitted_probabilities(
    vectors: NDArray[np.float32],
    labels: NDArray[np.int64],
    others: NDArray[np.float32],
) -> Floats:
    """Probability of every label for other texts, from a classifier of all rows: (others, labels).

    Labels are as for `cross_validated_probabilities`, and there are two or more.
    """
    return softmax(_logits(_fit(vectors, labels), others))


def _fit(vectors: NDArray[np.float32], labels: NDArray[np.int64]) -> LogisticRegression:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # stopped early on purpose
        return LogisticRegression(C=_STRENGTH, max_iter=_STEPS).fit(vectors, labels)


def _logits(classifier: LogisticRegression, vectors: NDArray[np.float32]) -> Floats:
    logits = np.asarray(classifier.decision_function(vectors), np.float64)
    if logits.ndim == 1:  # scikit-learn gives two classes one column
        return np.stack([-logits / 2, logits / 2], axis=1)
    return logits


def _folds(labels: NDArray[np.int64], groups: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Deal the groups out label by label, so that each fold gets its share of every label."""
    _, first = np.unique(groups, return_index=True)
    generator = np.random.default_rng(seed)
    shuffled = generator.permutation(first)
    dealt = shuffled[np.argsort(labels[shuffled], kind="stable")]
    fold_of = np.empty(int(groups.max()) + 1, np.int64)
    fold_of[groups[dealt]] = np.arange(len(dealt)) % FOLDS
    folds: NDArray[np.int64] = fold_of[groups]
    return folds
