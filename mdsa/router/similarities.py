"""How similar messages are to the texts of all domains, by their vectors.

For one message a numpy call costs more than its arithmetic, so everything that its vector is
multiplied with stands in one matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mdsa.router.background import Background

__all__ = ["Comparison", "DomainVectors"]

Matrix = NDArray[np.float32]
Indices = NDArray[np.intp]

_SHARPNESS = np.float32(15.0)
"""Of the soft maximum; infinity would be the maximum itself."""
_MOST_TEXTS_COMPARED = 1024
_SHORTLIST = 24
_SMALLEST = np.float32(1e-6)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `DomainVectors.compare` found of messages.

    Attributes:
        centre: cosines to the domains' centres, (messages, domains).
        similarity: to every text, in units of the background, (messages, texts); None where there
            are so many texts that only some of them are compared, when they are needed.
        weighed: the messages' vectors as `Background.weigh` gives them, (messages, dimensions).
    """

    centre: Matrix
    similarity: Matrix | None
    weighed: Matrix


class DomainVectors:
    """The vectors of all domains' texts, in the order of the domains.

    Args:
        vectors: for each domain its texts' unit embeddings, (texts, dimensions); one at least.
        background: what vectors are measured against.
    """

    def __init__(self, vectors: Sequence[Matrix], background: Background) -> None:
        self.counts: Indices = np.array([len(one) for one in vectors], dtype=np.intp)
        self.starts: Indices = np.cumsum(self.counts) - self.counts
        self._background = background
        centred = background.centre(np.concatenate(vectors))
        self._weighed = background.weigh(centred)
        centres = _unit(np.add.reduceat(centred, self.starts, axis=0))
        many = len(centred) > _MOST_TEXTS_COMPARED and len(vectors) > _SHORTLIST
        rows = [background.mean[None], background.directions, centres]
        stack = np.concatenate(rows if many else [*rows, self._weighed])
        self._directions = slice(1, 1 + len(background.directions))
        self._centres = slice(self._directions.stop, self._directions.stop + len(centres))
        self._texts = None if many else slice(self._centres.stop, len(stack))
        self._stack = np.ascontiguousarray(stack.T)
        self._of_mean = stack @ background.mean

    def compare(self, vectors: Matrix) -> Comparison:
        """Compare messages with every domain.

        Args:
            vectors: their unit embeddings, (messages, dimensions).
        """
        products = vectors @ self._stack
        products -= self._of_mean
        # |v - mean|² of a unit vector v; the first column is (v - mean)·mean.
        squared = 1 - 2 * products[:, :1] - self._of_mean[0]
        length = np.sqrt(np.maximum(squared, _SMALLEST))
        products /= length
        spread = products[:, self._directions]
        variance = np.einsum("md,md->m", spread, spread)[:, None] + np.float32(
            self._background.remainder
        )
        scale = 1 / np.sqrt(np.maximum(variance, _SMALLEST))
        centre = products[:, self._centres]
        similarity = None if self._texts is None else products[:, self._texts] * scale
        weighed = (vectors - self._background.mean) * (scale / length)
        return Comparison(centre, similarity, weighed)

    def nearest(self, compared: Comparison, promise: Matrix) -> Matrix:
        """Soft maximum of each domain's similarities, (messages, domains).

        Where there are very many texts, only those of the most promising domains are compared;
        for the others it is guessed from their centre.

        Args:
            compared: the messages.
            promise: the higher, the likelier is the domain, (messages, domains).
        """
        if compared.similarity is not None:
            return _soft_maximum(compared.similarity, self.starts, self.counts)
        rows = zip(compared.weighed, compared.centre, promise, strict=True)
        return np.stack([self._nearest_of_many(*row) for row in rows])

    def nearest_text(self, compared: Comparison, message: int, domain: int) -> int:
        """Index, among all texts, of a domain's text that a message is nearest to."""
        start = int(self.starts[domain])
        end = start + int(self.counts[domain])
        if compared.similarity is not None:
            return start + int(compared.similarity[message, start:end].argmax())
        return start + int((self._weighed[start:end] @ compared.weighed[message]).argmax())

    def _nearest_of_many(self, weighed: Matrix, centre: Matrix, promise: Matrix) -> Matrix:
        chosen = np.sort(np.argpartition(-promise, _SHORTLIST)[:_SHORTLIST])
        counts = self.counts[chosen]
        starts = np.cumsum(counts) - counts
        texts = np.arange(counts.sum()) + np.repeat(self.starts[chosen] - starts, counts)
        similarity = (self._weighed[texts] @ weighed)[None, :]
        nearest = _soft_maximum(similarity, starts, counts)[0]
        guessed: Matrix = centre + (nearest - centre[chosen]).mean()
        guessed[chosen] = nearest
        return guessed


def _soft_maximum(similarity: Matrix, starts: Indices, counts: Indices) -> Matrix:
    highest = similarity.max(axis=1, keepdims=True)
    exponents = similarity - highest
    exponents *= _SHARPNESS
    np.exp(exponents, out=exponents)
    # A sum of very unlike texts may vanish in single precision.
    mean = np.maximum(np.add.reduceat(exponents, starts, axis=1) / counts, 1e-30)
    result: Matrix = np.log(mean, dtype=np.float32, casting="same_kind")
    result /= _SHARPNESS
    result += highest
    return result


def _unit(vectors: Matrix) -> Matrix:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    result: Matrix = vectors / np.maximum(length, _SMALLEST)
    return result
