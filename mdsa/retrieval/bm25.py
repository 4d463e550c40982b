"""Lexical scores: BM25 over stemmed English words."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from snowballstemmer import stemmer

if TYPE_CHECKING:
    from bm25s import BM25

__all__ = ["BM25Index", "tokenize"]

_WORD = re.compile(r"\w+")


@lru_cache(maxsize=1)
def _stop_words() -> frozenset[str]:
    """With question words, which are rare in documents and would weigh most in a question."""
    from bm25s.stopwords import STOPWORDS_EN_PLUS

    return frozenset(STOPWORDS_EN_PLUS)


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    # A stemmer holds the word that it works on, so threads must not share one.
    return str(stemmer("english").stemWord(word))


def tokenize(text: str) -> list[str]:
    """Split into lower-case words, drop English stop words, and stem (Snowball English)."""
    stop_words = _stop_words()
    return [_stem(word) for word in _WORD.findall(text.casefold()) if word not in stop_words]


class BM25Index:
    """BM25 (Lucene's variant, k1 = 1.5, b = 0.75) of a fixed list of documents.

    Args:
        documents: each document's words, as `tokenize` gives them.
    """

    def __init__(self, documents: Sequence[list[str]]) -> None:
        self._size = len(documents)
        self._frequency = Counter(word for words in documents for word in set(words))
        self._index: BM25 | None = None
        if self._frequency:  # bm25s cannot index an empty vocabulary
            from bm25s import BM25  # it loads scipy, which takes long

            self._index = BM25(method="lucene", backend="numpy", csc_backend="numpy")
            self._index.index(list(documents), show_progress=False)

    def coverage(self, words: list[str]) -> NDArray[np.float32]:
        """Score every document between 0 and the most that any document could get, which is 1.

        A word adds at most its inverse document frequency to BM25, so the sum of those is the
        bound. Words that no document has count too: a query that is mostly unknown scores low.

        Returns:
            Shape (documents,); 0 where no word occurs.
        """
        if self._index is None or not words:
            return np.zeros(self._size, np.float32)
        bound = math.fsum(self._rarity(word) for word in words)
        return np.asarray(self._index.get_scores(words), np.float32) / np.float32(bound)

    def _rarity(self, word: str) -> float:
        count = self._frequency[word]
        return math.log1p((self._size - count + 0.5) / (count + 0.5))
