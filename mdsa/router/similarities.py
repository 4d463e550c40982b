"""How similar messages are to the texts of all domains, by their vectors.

For one message a numpy call costs more than its arithmetic, so everything that its vector is
multiplied with stands in one matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mdsa.router.background import Background
from mdsa.router.vectors import product, product_by_vector, unit

__all__ = [
    "LEAST_SUM",
    "SHARPNESS",
    "SHORTLIST",
    "SMALLEST",
    "Comparison",
    "DomainVectors",
    "Scaled",
]

Matrix = NDArray[np.float32]
Indices = NDArray[np.intp]

SHARPNESS = 15.0
"""Of the soft maximum; infinity would be the maximum itself."""
_MOST_TEXTS_COMPARED = 1024
SHORTLIST = 24
"""So many domains have their texts compared where there are too many to compare them all."""
SMALLEST = 1e-6
"""Squared lengths and variances are no smaller."""
LEAST_SUM = 1e-30
"""A sum of exponentials of very unlike texts may vanish in single precision."""


class Comparison(NamedTuple):
    """What `DomainVectors.compare` found of messages.

    Attributes:
        vectors: of the messages, (messages, dimensions).
        products: with everything in the stack, after the mean was taken from the messages.
    """

    vectors: Matrix
    products: Matrix


class Scaled(NamedTuple):
    """What `DomainVectors.scale` found of messages.

    Attributes:
        centre: cosines to the domains' centres, (messages, domains).
        scale: a message's factor from a product with a text to their similarity, (messages, 1).
    """

    centre: Matrix
    scale: Matrix


class DomainVectors:
    """The vectors of all domains' texts, in the order of the domains.

    Args:
        vectors: for each domain its texts' unit embeddings, (texts, dimensions); one at least.
        background: what vectors are measured against.

    Attributes:
        counts: of each domain's texts.
        starts: index of each domain's first text.
        bounds: the same, with the end of its texts.
        weighed: the texts' vectors, measured against the background, (texts, dimensions).
        directions: columns of the background's directions.
        centres: columns of the domains' centres.
        texts: columns of the texts; None where there are too many to compare them all.
        mean_squared: squared length of the background's mean.
    """

    def __init__(self, vectors: Sequence[Matrix], background: Background) -> None:
        self.counts: Indices = np.array([len(one) for one in vectors], dtype=np.intp)
        self.starts: Indices = np.cumsum(self.counts) - self.counts
        starts = self.starts.tolist()
        self.bounds = list(zip(starts, [*starts[1:], sum(map(len, vectors))], strict=True))
        self._log_counts = np.log(self.counts, dtype=np.float32)
        self.background = background
        centred = background.centre(np.concatenate(vectors))
        self.weighed = background.weigh(centred)
        centres = unit(np.add.reduceat(centred, self.starts, axis=0))
        many = len(centred) > _MOST_TEXTS_COMPARED and len(vectors) > SHORTLIST
        rows = [background.mean[None], background.directions, centres]
        stack = np.concatenate(rows if many else [*rows, self.weighed])
        self.directions = slice(1, 1 + len(background.directions))
        self.centres = slice(self.directions.stop, self.directions.stop + len(centres))
        self.texts = None if many else slice(self.centres.stop, len(stack))
        self._stack = stack
        self._of_mean = stack @ background.mean
        self.mean_squared = float(self._of_mean[0])

    def compare(self, vectors: Matrix) -> Comparison:
        """Multiply messages with every domain's vectors.

        Args:
            vectors: their unit embeddings, (messages, dimensions).
        """
        # Measured: for one message, rows that stand together take less time than columns that do.
        products = (
            product_by_vector(self._stack, vectors[0])[None]
            if len(vectors) == 1
            else product(vectors, self._stack.T)
        )
        products -= self._of_mean
        return Comparison(vectors, products)

    def scale(self, compared: Comparison) -> Scaled:
        """Bring products to the lengths and the spread of the messages."""
        products = compared.products
        spread = products[:, self.directions]
        # For a few messages, Python's floats take less time than as many calls of numpy.
        scales = [
            self.scales(along_mean, spread_squared)
            for along_mean, spread_squared in zip(
                products[:, 0].tolist(), np.vecdot(spread, spread).tolist(), strict=True
            )
        ]
        both = np.array(scales, np.float32)
        return Scaled(products[:, self.centres] * both[:, :1], both[:, 1:])

    def nearest(self, compared: Comparison, scaled: Scaled, promise: Matrix) -> Matrix:
        """Soft maximum of each domain's similarities, (messages, domains).

        Where there are very many texts, only those of the most promising domains are compared;
        for the others it is guessed from their centre.

        Args:
            compared: the messages.
            scaled: of the same.
            promise: the higher, the likelier is the domain; (messages, domains, features), which
                add up.
        """
        if self.texts is not None:
            exponents = compared.products[:, self.texts] * (scaled.scale * SHARPNESS)
            return _soft_maximum(exponents, self.starts, self._log_counts)
        centred = compared.vectors - self.background.mean
        centred *= scaled.scale
        rows = zip(centred, scaled.centre, promise.sum(axis=2), strict=True)
        return np.stack([self._nearest_of_many(*row) for row in rows])

    def nearest_texts(
        self, compared: Comparison, wanted: Sequence[Sequence[int]], counts: Sequence[int]
    ) -> list[list[int]]:
        """Indices, among all texts, of that of a domain's first ones that a message is nearest to.

        Args:
            compared: the messages.
            wanted: for each message, the domains whose texts are looked at; as many for each.
            counts: how many texts of each domain count.
        """
        if self.texts is None:
            centred = compared.vectors - self.background.mean
            return [
                [self._nearest_text(message, domain, counts[domain]) for domain in domains]
                for message, domains in zip(centred, wanted, strict=True)
            ]
        domains = np.array(wanted, np.intp)
        starts = self.starts[domains]
        last = np.array([[counts[domain] - 1 for domain in row] for row in wanted], np.intp)
        offsets = np.minimum(np.arange(last.max() + 1), last[:, :, None])
        columns = offsets + (starts + self.texts.start)[:, :, None]
        messages = np.arange(len(domains))[:, None, None]
        nearest = starts + compared.products[messages, columns].argmax(axis=2)
        found: list[list[int]] = nearest.tolist()
        return found

    def scales(self, along_mean: float, spread_squared: float) -> tuple[float, float]:
        """What brings a centred message to length 1, and to the unit of the background as well."""
        # |v - mean|² of a unit vector v, of which (v - mean)·mean is known.
        squared = max(1 - 2 * along_mean - self.mean_squared, SMALLEST)
        variance = max(spread_squared / squared + self.background.remainder, SMALLEST)
        return 1 / sqrt(squared), 1 / sqrt(squared * variance)

    def _nearest_text(self, centred: Matrix, domain: int, count: int) -> int:
        start = int(self.starts[domain])
        return start + int(self.weighed[start : start + count].dot(centred).argmax())

    def _nearest_of_many(self, weighed: Matrix, centre: Matrix, promise: Matrix) -> Matrix:
        chosen = promise.argpartition(-SHORTLIST)[-SHORTLIST:]
        counts = self.counts[chosen]
        ends = np.cumsum(counts)
        # Measured: one product over a copy takes less time than one for each domain.
        texts = np.concatenate([self.weighed[slice(*self.bounds[at])] for at in chosen.tolist()])
        exponents = product_by_vector(texts, weighed)[None] * np.float32(SHARPNESS)
        nearest = _soft_maximum(exponents, ends - counts, self._log_counts[chosen])[0]
        guessed: Matrix = centre + (nearest - centre[chosen]).mean()
        guessed[chosen] = nearest
        return guessed


def _soft_maximum(exponents: Matrix, starts: Indices, log_counts: Matrix) -> Matrix:
    """Logarithm of the mean exponential of each run of columns, per unit of sharpness."""
    highest = exponents.max(axis=1, keepdims=True)
    exponents -= highest
    np.exp(exponents, out=exponents)
    result: Matrix = np.add.reduceat(exponents, starts, axis=1)
    np.maximum(result, np.float32(LEAST_SUM), out=result)
    np.log(result, out=result)
    result += highest
    result -= log_counts
    result *= 1 / SHARPNESS
    return result
