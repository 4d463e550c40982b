"""Fusing rankings by the ranks alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["RANK_CONSTANT", "reciprocal_rank_fusion"]

RANK_CONSTANT = 60
"""`k` of the paper: how little the first ranks stand out."""


def reciprocal_rank_fusion(
    rankings: Sequence[NDArray[np.intp]], documents: int
) -> NDArray[np.float64]:
    """Sum 1 / (60 + rank) over the rankings that hold a document, ranks from 1.

    Cormack, Clarke and Büttcher 2009, "Reciprocal Rank Fusion outperforms Condorcet and individual
    Rank Learning Methods". The sums are divided by the largest that is possible, so that 1 is a
    document that every ranking puts first; the order is the paper's.

    Args:
        rankings: positions of documents, best first; a ranking may leave documents out.
        documents: how many there are.

    Returns:
        In [0, 1], shape (documents,); 0 where no ranking holds the document.
    """
    scores = np.zeros(documents, np.float64)
    for ranking in rankings:
        scores[ranking] += 1 / (RANK_CONSTANT + 1 + np.arange(len(ranking)))
    return scores * (RANK_CONSTANT + 1) / max(len(rankings), 1)
