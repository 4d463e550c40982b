"""A head over embeddings that learns domains from a few example messages each.

Softmax regression over the embeddings of the examples; each domain's name, description and
keywords stand among them as one example more, shared between them. What the head gives for
examples that it was not fitted on (five-fold cross-validation, one example of each domain set
aside at a time) serves to calibrate it:

- the temperature of its probabilities,
- the out-of-scope score: how near a message is to the centre of any domain. Where no out-of-scope
  examples are given, each example is shown once more with its own domain struck out; what is left
  is a message that none of the remaining domains fits,
- the floor of prediction sets.

Domains without examples may stand beside those with. The regression is then fitted over the latter
alone, and the cosines to the domains' centres decide between it and the rest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mdsa.router.calibration import Floats, fit_temperature, softmax
from mdsa.router.conformal import ConformalScores
from mdsa.router.features import Matrix, Table
from mdsa.router.out_of_scope import DEFAULT_PRIOR
from mdsa.router.softmax_regression import LinearModel, fit_softmax_regression
from mdsa.router.vectors import product, unit

__all__ = ["FewShotHead", "Labelled", "fit_few_shot"]

_PENALTY = 0.1
_ITERATIONS = 30
_FOLDS = 5
_ENOUGH_OUTSIDE = 20
_USUAL_TEMPERATURE = 0.05
"""Of cosines to centres, where one domain alone has examples and none can be fitted."""
_USUAL_DISTANCE = 0.3
"""How much farther an out-of-scope message is from a domain that stands alone."""
_MOST_OUTSIDE = 0.3
_SMALLEST_USUAL = 0.05
_USUAL_SPREAD = 0.12
_USUAL_SPREAD_ROWS = 20
"""Standard deviation of the nearest cosine before any example is seen, and its weight in rows."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """The texts that domains are known by, as rows.

    Attributes:
        vectors: unit embeddings, (rows, dimensions).
        labels: index of each row's domain, ascending, (rows,).
        is_example: whether a row is an example message, and not a name, description or keyword.
        domains: how many there are.
    """

    vectors: Matrix
    labels: NDArray[np.intp]
    is_example: NDArray[np.bool_]
    domains: int

    @classmethod
    def of(cls, table: Table, examples: Sequence[int]) -> Labelled:
        """Take a table whose domains end with so many examples each."""
        starts, counts = table.vectors.starts, table.vectors.counts
        labels = np.repeat(np.arange(len(starts)), counts)
        ends = starts + counts
        from_end = ends[labels] - np.arange(len(labels))
        return cls(table.embeddings, labels, from_end <= np.asarray(examples)[labels], len(starts))

    def select(self, at: NDArray[np.bool_]) -> Labelled:
        """Some of the rows."""
        return Labelled(self.vectors[at], self.labels[at], self.is_example[at], self.domains)

    def of_domains(self, columns: NDArray[np.intp]) -> Labelled:
        """The rows of some domains, which are numbered anew."""
        kept = self.select(np.isin(self.labels, columns))
        return replace(kept, labels=np.searchsorted(columns, kept.labels), domains=len(columns))

    def weights(self) -> Floats:
        """What each row counts in the fit.

        The texts that are no examples count as one example together. A domain with more examples
        than most do not count for more: that it has many does not make it likely.
        """
        examples = np.bincount(self.labels[self.is_example], minlength=self.domains)
        others = np.bincount(self.labels[~self.is_example], minlength=self.domains)
        usual = np.median(examples[examples > 0]) if examples.any() else 1.0
        an_example = np.minimum(1, usual / np.maximum(examples, 1))
        an_other = 1 / np.maximum(others, 1)
        return np.where(self.is_example, an_example[self.labels], an_other[self.labels])


@dataclass(frozen=True, slots=True)
class FewShotHead:
    """Probabilities of domains, and of being out of scope.

    Attributes:
        taught: columns of the domains that have examples.
        model: logits of these, divided by the temperature already.
        centres: mean direction of each domain's texts, (dimensions, domains).
        lifts: what is added to a usual cosine to each domain's centre, (domains,). Messages lie
            nearer to a centre of examples than to one of names and descriptions; a domain without
            examples is lifted by the difference. A cosine below the usual one gets less, 0 nothing.
        usual: cosine from which the whole lift is added.
        temperature: of the cosines, where some domains have no examples.
        outside_bias: log-odds of being out of scope where the nearest cosine is 0.
        outside_slope: what the nearest cosine takes off them.
        conformal: from cross-validation; see `TinyBertRouter.score_floor`.
    """

    taught: NDArray[np.intp]
    model: LinearModel
    centres: Matrix
    lifts: NDArray[np.float32]
    usual: float
    temperature: float
    outside_bias: float
    outside_slope: float
    conformal: ConformalScores

    @property
    def all_taught(self) -> bool:
        """Whether every domain has examples."""
        return len(self.taught) == len(self.lifts)

    def probabilities(self, vectors: Matrix) -> Floats:
        """Judge messages.

        Args:
            vectors: unit embeddings, (texts, dimensions).

        Returns:
            (texts, domains + 1); the last column is the probability that no domain fits.
        """
        return self._combine(self.model.logits(vectors), product(vectors, self.centres))

    def _combine(self, logits: NDArray[np.float32], cosines: Matrix) -> Floats:
        nearness = _lifted(cosines, self.lifts, self.usual)
        nearest = nearness.max(axis=1)
        outside = _sigmoid(self.outside_bias - self.outside_slope * nearest)[:, None]
        inside = softmax(logits)
        if not self.all_taught:
            # Examples say which of the taught domains it is; the centres, whether it is of them.
            shares = softmax(nearness, self.temperature)
            shares[:, self.taught] = inside * shares[:, self.taught].sum(axis=1, keepdims=True)
            inside = shares
        return np.concatenate([inside * (1 - outside), outside], axis=1)


def fit_few_shot(rows: Labelled, outside: Matrix | None = None) -> FewShotHead:
    """Fit the head.

    Args:
        rows: of one or more domains, one of which has an example at least.
        outside: unit embeddings of out-of-scope messages, (messages, dimensions).
    """
    taught = np.unique(rows.labels[rows.is_example])
    lessons = rows.of_domains(taught)
    model = _fit(lessons)
    logits = _cross_validate(lessons)
    own = lessons.labels[lessons.is_example]
    temperature = fit_temperature(logits, own)
    centres, left_out = _centres(rows)
    vectors, labels = rows.vectors[rows.is_example], rows.labels[rows.is_example]
    cosines = _cosines(vectors, labels, centres, left_out)
    lifts, usual = np.zeros(rows.domains, np.float32), 1.0
    if len(taught) < rows.domains:
        bare, _ = _centres(rows.select(~rows.is_example))
        lift, usual = _lift(cosines[:, taught], (vectors @ bare.T)[:, taught], own)
        lifts += lift
        lifts[taught] = 0
    bias, slope = _fit_outside(
        _lifted(cosines, lifts, usual),
        labels,
        None if outside is None else _lifted(outside @ centres.T, lifts, usual),
    )
    scale = fit_temperature(cosines[:, taught], own) if len(taught) > 1 else _USUAL_TEMPERATURE
    head = FewShotHead(
        taught=taught,
        model=LinearModel(model.weights / temperature, model.bias / temperature),
        centres=np.ascontiguousarray(centres.T),
        lifts=lifts,
        usual=usual,
        temperature=scale,
        outside_bias=bias,
        outside_slope=slope,
        conformal=ConformalScores.of([]),
    )
    held_out = head._combine(logits / np.float32(temperature), cosines)
    return replace(head, conformal=ConformalScores.fit(held_out, labels))


def _fit(rows: Labelled) -> LinearModel:
    return fit_softmax_regression(
        rows.vectors,
        rows.labels,
        rows.weights(),
        rows.domains,
        penalty=_PENALTY,
        iterations=_ITERATIONS,
    )


def _cross_validate(rows: Labelled) -> NDArray[np.float32]:
    """Logits of the examples, from models that had not seen them."""
    examples = np.flatnonzero(rows.is_example)
    labels = rows.labels[examples]
    # Rows of a domain stand together, so its examples are dealt out one by one.
    place = np.arange(len(labels)) - np.searchsorted(labels, labels)
    logits = np.empty((len(labels), rows.domains), np.float32)
    for fold in range(min(_FOLDS, int(place.max()) + 1)):
        aside = place % _FOLDS == fold
        kept = np.ones(len(rows.labels), bool)
        kept[examples[aside]] = False
        logits[aside] = _fit(rows.select(kept)).logits(rows.vectors[examples[aside]])
    return logits


def _centres(rows: Labelled) -> tuple[Matrix, Matrix]:
    """Mean direction of each domain, and for each example that of its domain without it."""
    totals = np.zeros((rows.domains, rows.vectors.shape[1]), np.float32)
    weighted = rows.vectors * rows.weights().astype(np.float32)[:, None]
    np.add.at(totals, rows.labels, weighted)
    examples = rows.is_example
    return unit(totals), unit(totals[rows.labels[examples]] - weighted[examples])


def _cosines(
    vectors: Matrix, labels: NDArray[np.intp], centres: Matrix, left_out: Matrix
) -> Matrix:
    """Cosines of examples to the centres, to their own domain's without themselves."""
    cosines: Matrix = vectors @ centres.T
    cosines[np.arange(len(labels)), labels] = (vectors * left_out).sum(axis=1)
    return cosines


def _lift(cosines: Matrix, to_bare: Matrix, own: NDArray[np.intp]) -> tuple[float, float]:
    """What examples add to a cosine, and to which: means over right and nearest wrong domain."""
    at = np.arange(len(own)), own
    with_examples, without = [cosines[at].mean()], [to_bare[at].mean()]
    if cosines.shape[1] > 1:
        with_examples.append(_struck_out(cosines, own).mean())
        without.append(_struck_out(to_bare, own).mean())
    usual = max(float(np.mean(without)), _SMALLEST_USUAL)
    return float(np.mean(with_examples)) - usual, usual


def _lifted(cosines: Matrix, lifts: NDArray[np.float32], usual: float) -> Matrix:
    result: Matrix = cosines + lifts * np.clip(cosines / np.float32(usual), 0, 1)
    return result


def _struck_out(cosines: Matrix, own: NDArray[np.intp]) -> Matrix:
    """Highest cosine to any domain but one's own."""
    others = cosines.copy()
    others[np.arange(len(own)), own] = -2
    highest: Matrix = others.max(axis=1)
    return highest


def _fit_outside(
    nearness: Matrix, labels: NDArray[np.intp], outside: Matrix | None
) -> tuple[float, float]:
    """Bias and slope of the log-odds of being out of scope.

    The nearest cosine is taken as normal, with one variance, in scope and out of it.
    """
    inside = nearness.max(axis=1)
    several = nearness.shape[1] > 1
    beyond = _struck_out(nearness, labels) if several else inside - np.float32(_USUAL_DISTANCE)
    weights = np.full(len(beyond), 1 / len(beyond))
    if outside is not None and len(outside):
        real = min(1.0, len(outside) / _ENOUGH_OUTSIDE)
        weights = np.concatenate([weights * (1 - real), np.full(len(outside), real / len(outside))])
        beyond = np.concatenate([beyond, outside.max(axis=1)])
    middle_inside, middle_beyond = float(inside.mean()), float(np.average(beyond, weights=weights))
    measured = (inside.var() + np.average((beyond - middle_beyond) ** 2, weights=weights)) / 2
    rows = len(inside) + _USUAL_SPREAD_ROWS
    variance = float(len(inside) * measured + _USUAL_SPREAD_ROWS * _USUAL_SPREAD**2) / rows
    slope = max(0.0, (middle_inside - middle_beyond) / variance)
    bias = slope * (middle_inside + middle_beyond) / 2
    prior = _outside_prior(nearness.shape[1])
    return bias + math.log(prior / (1 - prior)), slope


def _outside_prior(domains: int) -> float:
    """Share of messages to expect out of scope: the fewer domains, the more of all there is to ask.

    An assumption, as no examples can tell it: 0.3 with up to 7 domains, 0.1 with 27, 0.03 from 97.
    """
    return min(_MOST_OUTSIDE, max(DEFAULT_PRIOR, 3 / (3 + domains)))


def _sigmoid(values: NDArray[np.floating] | float) -> Floats:
    result: Floats = 1 / (1 + np.exp(-np.clip(np.asarray(values, np.float64), -500, 500)))
    return result
