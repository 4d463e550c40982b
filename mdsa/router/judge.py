"""Judges messages by one state of the registry, from text to `Route`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mdsa.router import one_message, one_of_many
from mdsa.router.calibration import Floats
from mdsa.router.features import Matrix, Table, features, nearest_texts, stems, word_features
from mdsa.router.few_shot import FewShotHead
from mdsa.router.one_message import Columns
from mdsa.router.protocol import Route
from mdsa.router.row_scores import RowScores
from mdsa.router.similarities import Comparison
from mdsa.router.spelling import Speller
from mdsa.router.zero_shot import Weights, probabilities

__all__ = ["Encode", "Judge"]

Encode = Callable[[Sequence[str]], Matrix]
"""Unit embeddings (texts, dimensions) of texts."""

_FEW_TEXTS = 8
_WITH_EVIDENCE = 3
_READABLE = re.compile(r"[^\W_]")


@dataclass(frozen=True)
class Judge:
    """What a message is judged by; never changed, only replaced.

    Attributes:
        names: of the domains.
        table: what is known of them.
        speller: knows their words.
        head: where there are examples.
        weights: of the zero-shot model.
    """

    names: tuple[str, ...]
    table: Table
    speller: Speller
    head: FewShotHead | None
    weights: Weights

    def route(self, texts: Sequence[str], encode: Encode) -> list[Route]:
        """Score each of one or more texts against every domain."""
        mended = [self.speller.mend(text) for text in texts]
        if self._columns is not None and len(texts) <= _FEW_TEXTS:
            return self._few(texts, mended, self._columns, encode)
        judged, compared = self._judge(mended, encode)
        for row, text in zip(judged, texts, strict=True):
            if not _READABLE.search(text):
                row[:-1], row[-1] = 0, 1
        best = [_best(row[:-1], _WITH_EVIDENCE) for row in judged]
        found = nearest_texts(compared, self.table, best)
        return [
            Route(
                RowScores(self._places, row),
                outside,
                {self.names[at]: text for at, text in zip(columns, nearest, strict=True)},
                self._by_documents,
            )
            for row, outside, columns, nearest in zip(
                judged, judged[:, -1].tolist(), best, found, strict=True
            )
        ]

    def _judge(self, texts: Sequence[str], encode: Encode) -> tuple[Floats, Comparison]:
        if self.head is not None:
            vectors = encode(texts)
            return self.head.probabilities(vectors), self.table.vectors.compare(vectors)
        # Words are looked at before the encoder runs, which leaves nothing in the cache.
        measured = word_features([stems(text) for text in texts], self.table)
        vectors = encode(texts)
        if self.table.vectors.texts is None and len(texts) <= _FEW_TEXTS:
            compared = self.table.vectors.compare(vectors)
            rows = [
                one_of_many.zero_shot(*message, self.table.vectors, self.weights)
                for message in zip(vectors, compared.products, measured, strict=True)
            ]
            # Measured: stacking one row takes 20 µs right after the encoder.
            return np.stack(rows) if len(rows) > 1 else rows[0][None], compared
        compared = features(vectors, measured, self.table)
        return probabilities(measured, self.weights), compared

    def _few(
        self, texts: Sequence[str], mended: Sequence[str], columns: Columns, encode: Encode
    ) -> list[Route]:
        keywords = self.table.keywords
        words = [
            one_message.lexical(stems(text), columns, keywords, self.weights)
            if self.head is None
            else []
            for text in mended
        ]
        # Blanks, punctuation and signs lie near some domain or other all the same.
        readable = [_READABLE.search(text) is not None for text in texts]
        vectors = encode(mended)
        products = self.table.vectors.compare(vectors).products.tolist()
        if self.head is None:
            judged = [
                one_message.zero_shot(row, columns, found, self.weights)
                for row, found in zip(products, words, strict=True)
            ]
        else:
            logits = self.head.model.logits(vectors).tolist()
            cosines = (vectors @ self.head.centres).tolist()
            judged = [
                one_message.few_shot(*row, self.head) for row in zip(logits, cosines, strict=True)
            ]
        return [
            self._route(row if legible else _nothing(row), found, columns)
            for legible, row, found in zip(readable, judged, products, strict=True)
        ]

    def _route(self, scores: list[float], products: Sequence[float], columns: Columns) -> Route:
        outside = scores.pop()
        first = columns.texts[0][0]
        evidence = {}
        best = sorted(range(len(scores)), key=scores.__getitem__, reverse=True)
        for at in best[:_WITH_EVIDENCE]:
            start = columns.texts[at][0]
            near = products[start : start + self.table.shown[at]]
            evidence[self.names[at]] = self.table.texts[start - first + near.index(max(near))]
        scored = dict(zip(self.names, scores, strict=True))
        return Route(scored, outside, evidence, self._by_documents)

    @cached_property
    def _by_documents(self) -> bool:
        return sum(self.table.shown) < len(self.table.texts)

    @cached_property
    def _columns(self) -> Columns | None:
        return Columns.of(self.table)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.names)}


def _nothing(scores: Sequence[float]) -> list[float]:
    """Scores of a message that no domain fits for certain."""
    return [*[0.0] * (len(scores) - 1), 1.0]


def _best(scores: Floats, count: int) -> list[int]:
    """Places of the highest scores, the highest first, the first of equal ones; count or fewer."""
    left = scores.copy()
    best = []
    for _ in range(min(count, len(scores))):
        best.append(int(left.argmax()))
        left[best[-1]] = -1
    return best
