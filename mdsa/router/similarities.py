"""How similar messages are to the texts of all domains, by their vectors.

For one message a numpy call costs more than its arithmetic, so everything that its vector is
multiplied with stands in one matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from mdsa.router.background import Background
from mdsa.router.vectors import unit

__all__ = ["SHARPNESS", "SMALLEST", "Comparison", "DomainVectors", "Scaled"]

Matrix = NDArray[np.float32]
Indices = NDArray[np.intp]

SHARPNESS = 15.0
"""Of the soft maximum; infinity would be the maximum itself."""
_MOST_TEXTS_COMPARED = 1024
_SHORTLIST = 24
SMALLEST = 1e-6
"""Squared lengths and variances are no smaller."""
_LEAST_SUM = np.float32(1e-30)
"""A sum of exponentials of very unlike texts may vanish in single precision."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `DomainVectors.compare` found of messages.

    Attributes:
        vectors: of the messages, (messages, dimensions).
        products: with everything in the stack, after the mean was taken from the messages.
    """

    vectors: Matrix
    products: Matrix


@dataclass(frozen=True, slots=True)
class Scaled:
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
        directions: columns of the background's directions; those of the centres follow.
        texts: columns of the texts; None where there are too many to compare them all.
        mean_squared: squared length of the background's mean.
    """

    def __init__(self, vectors: Sequence[Matrix], background: Background) -> None:
        self.counts: Indices = np.array([len(one) for one in vectors], dtype=np.intp)
        self.starts: Indices = np.cumsum(self.counts) - self.counts
        self._log_counts = np.log(self.counts, dtype=np.float32)
        self.background = background
        centred = background.centre(np.concatenate(vectors))
        self._weighed = background.weigh(centred)
        centres = unit(np.add.reduceat(centred, self.starts, axis=0))
        many = len(centred) > _MOST_TEXTS_COMPARED and len(vectors) > _SHORTLIST
        rows = [background.mean[None], background.directions, centres]
        stack = np.concatenate(rows if many else [*rows, self._weighed])
        self.directions = slice(1, 1 + len(background.directions))
        self._centres = slice(self.directions.stop, self.directions.stop + len(centres))
        self.texts = None if many else slice(self._centres.stop, len(stack))
        self._stack = np.ascontiguousarray(stack.T)
        self._of_mean = stack @ background.mean
        self.mean_squared = float(self._of_mean[0])

    def compare(self, vectors: Matrix) -> Comparison:
        """Multiply messages with every domain's vectors.

        Args:
            vectors: their unit embeddings, (messages, dimensions).
        """
        products = vectors @ self._stack
        products -= self._of_mean
        return Comparison(vectors, products)

    def scale(self, compared: Comparison) -> Scaled:
        """Bring products to the lengths and the spread of the messages."""
        products = compared.products
        spread = products[:, self.directions]
        # For a few messages, Python's floats take less time than as many calls of numpy.
        scales = [
            self._scales(along_mean, spread_squared)
            for along_mean, spread_squared in zip(
                products[:, 0].tolist(), np.vecdot(spread, spread).tolist(), strict=True
            )
        ]
        both = np.array(scales, np.float32)
        return Scaled(products[:, self._centres] * both[:, :1], both[:, 1:])

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
        rows = zip(
            centred, scaled.centre, promise @ np.ones(promise.shape[2], np.float32), strict=True
        )
        return np.stack([self._nearest_of_many(*row) for row in rows])

    def nearest_text(self, compared: Comparison, message: int, domain: int) -> int:
        """Index, among all texts, of a domain's text that a message is nearest to."""
        start = int(self.starts[domain])
        end = start + int(self.counts[domain])
        if self.texts is not None:
            first = self.texts.start
            return start + int(compared.products[message, first + start : first + end].argmax())
        centred = compared.vectors[message] - self.background.mean
        return start + int((self._weighed[start:end] @ centred).argmax())

    def _scales(self, along_mean: float, spread_squared: float) -> tuple[float, float]:
        """What brings a centred message to length 1, and to the unit of the background as well."""
        # |v - mean|² of a unit vector v, of which (v - mean)·mean is known.
        squared = max(1 - 2 * along_mean - self.mean_squared, SMALLEST)
        variance = max(spread_squared / squared + self.background.remainder, SMALLEST)
        return 1 / sqrt(squared), 1 / sqrt(squared * variance)

    def _nearest_of_many(self, weighed: Matrix, centre: Matrix, promise: Matrix) -> Matrix:
        chosen = np.sort(np.argpartition(-promise, _SHORTLIST)[:_SHORTLIST])
        counts = self.counts[chosen]
        starts = self.starts[chosen].tolist()
        # One product over a copy of all these rows would take longer.
        products = [
            self._weighed[start : start + count] @ weighed
            for start, count in zip(starts, counts.tolist(), strict=True)
        ]
        exponents = np.concatenate(products)[None] * np.float32(SHARPNESS)
        nearest = _soft_maximum(exponents, np.cumsum(counts) - counts, self._log_counts[chosen])[0]
        guessed: Matrix = centre + (nearest - centre[chosen]).mean()
        guessed[chosen] = nearest
        return guessed


def _soft_maximum(exponents: Matrix, starts: Indices, log_counts: Matrix) -> Matrix:
    """Logarithm of the mean exponential of each run of columns, per unit of sharpness."""
    highest = exponents.max(axis=1, keepdims=True)
    exponents -= highest
    np.exp(exponents, out=exponents)
    result: Matrix = np.add.reduceat(exponents, starts, axis=1)
    np.maximum(result, _LEAST_SUM, out=result)
    np.log(result, out=result)
    result += highest
    result -= log_counts
    result *= 1 / SHARPNESS
    return result
