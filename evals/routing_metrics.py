"""Measures of routing: right or wrong, how sure, and what was out of scope.

Rows are messages. `correct` says whether the best domain was the right one, `confidence` is the
probability that the router gave it. Everything is a fraction, never a percentage.
The expected calibration error is that of `mdsa.router.calibration`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdsa.router.calibration import expected_calibration_error

__all__ = [
    "BINS",
    "Bin",
    "Estimate",
    "area_under_risk_coverage",
    "auroc",
    "bootstrap",
    "brier_scores",
    "calibration_error_by_chance",
    "false_positive_rate",
    "macro_f1",
    "mean_of",
    "reliability_bins",
    "risk_coverage",
]

BINS = 15
"""Equal-width bins of confidence (Guo et al. 2017, arXiv:1706.04599)."""

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.integer[Any]]
Booleans = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measured value and the bounds of its 95 % interval, where there is one."""

    value: float
    low: float | None = None
    high: float | None = None

    def scaled(self, factor: float) -> Estimate:
        """The same in another unit."""
        low, high = (None if bound is None else bound * factor for bound in (self.low, self.high))
        return Estimate(self.value * factor, low, high)


@dataclass(frozen=True, slots=True)
class Bin:
    """One bar of a reliability diagram.

    Attributes:
        low: lower edge, part of it.
        high: upper edge, part of the last bin only.
        count: rows.
        confidence: their mean confidence; 0.0 where there are none.
        accuracy: how many of them are right; 0.0 where there are none.
    """

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def reliability_bins(correct: Booleans, confidence: Floats, bins: int = BINS) -> list[Bin]:
    """Group rows by confidence into bins of equal width over [0, 1]."""
    at = _bin_of(confidence, bins)
    count = np.bincount(at, minlength=bins)
    sure = np.bincount(at, confidence, bins) / np.maximum(count, 1)
    right = np.bincount(at, correct, bins) / np.maximum(count, 1)
    return [
        Bin(index / bins, (index + 1) / bins, int(count[index]), sure[index], right[index])
        for index in range(bins)
    ]


def calibration_error_by_chance(
    confidence: Floats, resamples: int = 1000, seed: int = 0
) -> Estimate:
    """Expected calibration error of a router with these confidences if they were exactly right.

    Of few rows a bin, some more or fewer are right than their confidence says. The plain error
    takes that for miscalibration: it is never 0, however good the router (Kumar et al. 2019,
    arXiv:1909.10155).

    Args:
        confidence: (rows,).
        resamples: how often each row is drawn right or wrong, with its confidence; 1 or more.
        seed: of the draws.

    Returns:
        The mean, and the bounds between which 95 % of the draws lie.
    """
    generator = np.random.default_rng(seed)
    draws = [
        expected_calibration_error(confidence, generator.random(len(confidence)) < confidence)
        for _ in range(resamples)
    ]
    low, high = np.percentile(draws, [2.5, 97.5])
    return Estimate(float(np.mean(draws)), float(low), float(high))


def brier_scores(probabilities: Floats, gold: Integers) -> Floats:
    """Squared distance of each row's probabilities to the truth (Brier 1950), in [0, 2].

    Args:
        probabilities: (rows, classes).
        gold: right class of each row, (rows,).
    """
    right = probabilities[np.arange(len(gold)), gold]
    scores: Floats = (probabilities.astype(float) ** 2).sum(axis=1) - 2 * right + 1
    return scores


def macro_f1(gold: Integers, predicted: Integers) -> float:
    """F1 of each class that occurs in either, averaged: what scikit-learn calls `macro`."""
    classes = int(max(gold.max(), predicted.max())) + 1
    hits = np.bincount(gold[gold == predicted], minlength=classes)
    seen = np.bincount(gold, minlength=classes) + np.bincount(predicted, minlength=classes)
    present = seen > 0
    return float((2 * hits[present] / seen[present]).mean())


def risk_coverage(correct: Booleans, confidence: Floats) -> tuple[Floats, Floats]:
    """Share of errors among the rows answered, as the threshold on confidence is lowered.

    Rows of equal confidence come in together: between the ends of such a group, errors are spread
    evenly over it, so that the order of the rows does not matter.

    Returns:
        Coverage and risk, each (rows,): after 1, 2 … rows.
    """
    levels, group = np.unique(-confidence, return_inverse=True)
    size = np.bincount(group, minlength=len(levels))
    errors = np.bincount(group, ~correct, len(levels))
    spread = np.repeat(errors / size, size)
    answered = np.arange(1, len(correct) + 1)
    return answered / len(correct), np.cumsum(spread) / answered


def area_under_risk_coverage(correct: Booleans, confidence: Floats) -> float:
    """AURC: the mean of the risk over all coverages (Geifman and El-Yaniv 2017)."""
    return float(risk_coverage(correct, confidence)[1].mean())


def auroc(inside: Floats, outside: Floats) -> float:
    """How often an out-of-scope row scores above one in scope; ties count half.

    Args:
        inside: out-of-scope scores of rows in scope.
        outside: of rows out of scope.
    """
    from scipy.stats import rankdata

    # The area is Mann and Whitney's U, from the ranks of the rows out of scope.
    ranks = rankdata(np.concatenate([outside, inside]))[: len(outside)]
    above = ranks.sum() - len(outside) * (len(outside) + 1) / 2
    return float(above / (len(outside) * len(inside)))


def false_positive_rate(inside: Floats, outside: Floats, accepted: float = 0.95) -> float:
    """Share of out-of-scope rows let in by the threshold that lets in `accepted` of the others.

    Args:
        inside: out-of-scope scores of rows in scope.
        outside: of rows out of scope.
        accepted: the least share of rows in scope that must be let in.
    """
    needed = math.ceil(accepted * len(inside) - 1e-9)
    threshold = np.sort(inside)[needed - 1]
    return float((outside <= threshold).mean())


def bootstrap(
    measure: Callable[..., float],
    *samples: NDArray[Any],
    paired: bool = True,
    resamples: int = 1000,
    seed: int = 0,
) -> Estimate:
    """Measure, with the 95 % percentile interval of the bootstrap (Efron 1979).

    Args:
        measure: called with the samples, in their order.
        *samples: arrays whose first axis is drawn from with replacement.
        paired: the same rows are drawn of each; otherwise each is drawn on its own.
        resamples: draws; 0 leaves the interval out.
        seed: of the draws.
    """
    value = float(measure(*samples))
    if resamples == 0 or min(len(sample) for sample in samples) < 2:
        return Estimate(value)
    generator = np.random.default_rng(seed)
    draws = []
    for _ in range(resamples):
        if paired:
            rows = [generator.integers(len(samples[0]), size=len(samples[0]))] * len(samples)
        else:
            rows = [generator.integers(len(sample), size=len(sample)) for sample in samples]
        draws.append(measure(*(sample[at] for sample, at in zip(samples, rows, strict=True))))
    low, high = np.percentile(draws, [2.5, 97.5])
    return Estimate(value, float(low), float(high))


def mean_of(values: Sequence[float] | Floats) -> float:
    """Arithmetic mean, as a measure for `bootstrap`."""
    return float(np.mean(values))


def _bin_of(confidence: Floats, bins: int) -> Integers:
    """As `mdsa.router.calibration.expected_calibration_error` sorts rows into bins."""
    at: Integers = np.minimum((confidence * bins).astype(int), bins - 1)
    return at
