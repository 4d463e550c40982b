"""Search by meaning and by words at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mdsa.errors import InvalidInputError
from mdsa.retrieval.bm25 import BM25Index, tokenize
from mdsa.retrieval.reciprocal_rank import reciprocal_rank_fusion

__all__ = ["DENSE_WEIGHT", "Hit", "HybridIndex", "Mode", "check_mode"]

Mode = Literal["hybrid", "dense", "bm25", "rrf"]
"""`dense` is the cosine and `bm25` the words; `hybrid` fuses their scores and `rrf` their ranks."""

DENSE_WEIGHT = 0.5
"""Weight of the cosine; the rest is BM25's.

Chosen on the English COVID-QA FAQ and PubMedQA, on which everything from 0.4 to 0.7 does about
as well; see `mdsa.evals.retrieval` for what it does elsewhere.
"""

_DECIMALS = 6
"""Scores are rounded, so that equal texts tie whatever the order of the floating-point sums."""


def check_mode(mode: str) -> None:
    """Refuse a mode that there is not.

    Raises:
        InvalidInputError: names the mode and those that there are.
    """
    if mode not in get_args(Mode):
        raise InvalidInputError(f"unknown mode {mode!r}; known are {', '.join(get_args(Mode))}")


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
    for Hybrid Retrieval"). Reciprocal rank fusion (mode `rrf`) forgets by how much one document
    beats the next. In hit@1 it falls behind BM25 alone on XQuAD (0.930 against 0.936; hybrid
    0.951) and behind hybrid on PolicyQA (0.121 against 0.127), and is ahead on Cranfield (0.387
    against 0.360); in nDCG@10 hybrid is ahead on all three. `mdsa.evals.retrieval` measures this.
    The scores of hybrid do not depend on the other documents found, either, and so compare across
    queries; those of `rrf` do not.

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
            mode: see `Mode`. `bm25` finds only documents that share a word.

        Raises:
            InvalidInputError: the mode is unknown.
        """
        check_mode(mode)
        if not len(self._vectors):
            return []
        cosines: NDArray[np.float64] = (self._vectors @ vector).astype(np.float64)
        similarity = cosines.round(_DECIMALS)
        score = self._scores(query, similarity, mode).round(_DECIMALS)
        found = np.ones(len(score), np.bool_) if allowed is None else allowed
        if mode == "bm25":
            found = found & (score > 0)
        order = _ranking(score, similarity)
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
        if mode == "rrf":
            coverage = coverage.round(_DECIMALS)
            sharing = int(np.count_nonzero(coverage))
            rankings = [
                _ranking(similarity, similarity),
                _ranking(coverage, similarity)[:sharing],
            ]
            return reciprocal_rank_fusion(rankings, len(similarity))
        return self._dense_weight * dense + (1 - self._dense_weight) * coverage


def _ranking(score: NDArray[np.float64], similarity: NDArray[np.float64]) -> NDArray[np.intp]:
    """Positions, best first; ties go to the higher similarity, then the lower position."""
    return np.lexsort((-similarity, -score))
