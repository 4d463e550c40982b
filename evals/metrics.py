"""Measures of a ranking against known relevant items."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

__all__ = ["hit_at", "mean", "ndcg_at"]


def hit_at(ranking: Sequence[str], gains: Mapping[str, float], depth: int) -> float:
    """Tell whether a relevant item is among the first `depth`: 1.0 or 0.0.

    Args:
        ranking: item ids, best first.
        gains: gain of each relevant item; items not named, or with gain 0, are not relevant.
        depth: how many of the ranking are looked at.
    """
    return float(any(gains.get(item, 0) > 0 for item in ranking[:depth]))


def ndcg_at(ranking: Sequence[str], gains: Mapping[str, float], depth: int) -> float:
    """Discounted gain of the first `depth` items, over that of the best possible ranking.

    Gains count linearly and are discounted by log2(rank + 1) with ranks from 1
    (Järvelin and Kekäläinen 2002, "Cumulated gain-based evaluation of IR techniques").

    Args:
        ranking: item ids without repeats, best first.
        gains: gain of each relevant item.
        depth: how many of the ranking count.

    Returns:
        A value in [0, 1]; 0.0 where nothing is relevant.
    """
    achieved = _discounted([gains.get(item, 0.0) for item in ranking[:depth]])
    best = _discounted(sorted(gains.values(), reverse=True)[:depth])
    return achieved / best if best > 0 else 0.0


def mean(values: Sequence[float]) -> float:
    """Arithmetic mean; 0.0 of nothing."""
    return math.fsum(values) / len(values) if values else 0.0


def _discounted(gains: Sequence[float]) -> float:
    return math.fsum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))
