"""Search by meaning and by words at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mdsa.retrieval.bm25 import BM25Index, tokenize

__all__ = ["DENSE_WEIGHT", "Hit", "HybridIndex", "Mode"]

Mode = Literal["hybrid", "dense", "bm25"]

DENSE_WEIGHT = 0.5
"""Weight of the cosine; the rest is BM25's.

Chosen on the English COVID-QA FAQ and PubMedQA, on which everything from 0.4 to 0.7 does about
as well; see `mdsa.evals.retrieval` for what it does elsewhere.
"""

_DECIMALS = 6
"""Scores are rounded, so that equal texts tie whatever the order of the floating-point sums."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A document found. `score` and `similarity` are as in `mdsa.retrieval`."""

    position: int
    score: float
    similarity: float


class HybridIndex:
    """An immutable index over documents, in memory.

    The fused score is a convex combination of the cosine similarity and of BM25 relative to the
    most that the query could get (Bruch, Gai and Ingber 2023, "An Analysis of Fusion Functions
    for Hybrid Retrieval"). Reciprocal rank fusion (Cormack, Clarke and Büttcher 2009) was tried
    first and forgets by how much one document beats the next: with k = 60 it falls behind BM25
    alone in hit@1 on XQuAD. The scores here do not depend on the other documents found, either.

    Cosines are exact: for the tens of thousands of passages that a process can hold, one product
    costs less than a lookup in an approximate index, and gives the similarity of passages that
    only their words have found, without a second lookup.

    Args:
        vectors: one row of length 1 per document, shape (documents, dimension).
        words: the documents' words, as `mdsa.retrieval.bm25.tokenize` gives them.
        dense_weight: weight of the cosine in hybrid, in [0, 1].
    """

    def __init__(
        self,
        vectors: NDArray[np.float32],
        words: Sequence[list[str]],
        *,
        dense_weight: float = DENSE_WEIGHT,
    ) -> None:
        self._vectors = vectors
        self._dense_weight = dense_weight
        self._bm25 = BM25Index(words)

    def search(
        self,
        query: str,
        vector: NDArray[np.float32],
        k: int,
        *,
        allowed: NDArray[np.bool_] | None = None,
        mode: Mode = "hybrid",
    ) -> list[Hit]:
        """Find the k best documents; ties go to the higher similarity, then the lower position.

        Args:
            query: the words.
            vector: the query's embedding, of length 1.
            k: how many at most.
            allowed: which documents may be found; None is all. Shape (documents,).
            mode: which scores count. `bm25` finds only documents that share a word.
        """
        if not len(self._vectors):
            return []
        cosines: NDArray[np.float64] = (self._vectors @ vector).astype(np.float64)
        similarity = cosines.round(_DECIMALS)
        score = self._scores(query, similarity, mode).round(_DECIMALS)
        found = np.ones(len(score), np.bool_) if allowed is None else allowed
        if mode == "bm25":
            found = found & (score > 0)
        order = np.lexsort((-similarity, -score))
        best = order[found[order]][:k]
        return [Hit(int(i), float(score[i]), float(similarity[i])) for i in best]

    def _scores(
        self, query: str, similarity: NDArray[np.float64], mode: Mode
    ) -> NDArray[np.float64]:
        dense = np.clip(similarity, 0, 1)
        if mode == "dense":
            return dense
        coverage = self._bm25.coverage(tokenize(query)).astype(np.float64)
        if mode == "bm25":
            return coverage
        return self._dense_weight * dense + (1 - self._dense_weight) * coverage
