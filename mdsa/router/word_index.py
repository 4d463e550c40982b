"""How rare the words are that a message and the domains share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["WordIndex"]

Matrix = NDArray[np.float32]
Indices = NDArray[np.intp]
Weights = NDArray[np.float64]

_COMMON = 64
"""Domains; a stem that as many use is added as a row, which takes less time than the entries."""


class WordIndex:
    """For each stem that counts, the domains that use it.

    Args:
        users: for a stem, the domains that use it and its weight for each.
        domains: how many there are.
    """

    def __init__(self, users: Mapping[str, tuple[Indices, Weights]], domains: int) -> None:
        self._users = dict(users)
        self._domains = domains
        self._common = {
            stem: _spread_out(*weighed, domains)
            for stem, weighed in users.items()
            if len(weighed[0]) >= _COMMON
        }

    def add_to(self, totals: Matrix, messages: Sequence[Sequence[str]]) -> None:
        """Add the weights of each message's stems to its domains' totals.

        Args:
            totals: (messages, domains).
            messages: the stems of each, once each.
        """
        places, found = [], []
        for at, (total, stems) in enumerate(zip(totals, messages, strict=True)):
            for stem in stems:
                if stem in self._common:
                    total += self._common[stem]
                elif stem in self._users:
                    places.append(at)
                    found.append(self._users[stem])
        if found:
            domains, weights = map(np.concatenate, zip(*found, strict=True))
            starts = np.array(places, np.intp) * self._domains
            domains += starts.repeat([len(users) for users, _ in found])
            totals += np.bincount(domains, weights, totals.size).reshape(totals.shape)

    def entries(self) -> dict[str, list[tuple[int, float]]]:
        """For each stem the domains that use it and its weight for each, as Python's numbers."""
        return {
            stem: list(zip(domains.tolist(), weights.tolist(), strict=True))
            for stem, (domains, weights) in self._users.items()
        }


def _spread_out(domains: Indices, weights: Weights, count: int) -> Matrix:
    row = np.zeros(count, np.float32)
    row[domains] = weights
    return row
