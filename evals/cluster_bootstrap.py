"""Shares of what comes in clusters, with intervals for which whole clusters are drawn anew."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

__all__ = ["ClusteredShare", "clustered_share"]

_RESAMPLES = 1000
_SEED = 5


class ClusteredShare(NamedTuple):
    """A share and its 95 % percentile interval (cluster bootstrap)."""

    value: float
    low: float
    high: float


def clustered_share(rows: Iterable[tuple[str, bool]]) -> ClusteredShare | None:
    """Share of the hits; None of no rows.

    Args:
        rows: the cluster of each, and whether it is a hit.
    """
    by_cluster: dict[str, list[bool]] = {}
    for cluster, hit in rows:
        by_cluster.setdefault(cluster, []).append(hit)
    if not by_cluster:
        return None
    hits = np.array([sum(each) for each in by_cluster.values()])
    sizes = np.array([len(each) for each in by_cluster.values()])
    drawn = np.random.default_rng(_SEED).integers(len(hits), size=(_RESAMPLES, len(hits)))
    shares = hits[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(shares, [0.025, 0.975])
    return ClusteredShare(float(hits.sum() / sizes.sum()), float(low), float(high))
