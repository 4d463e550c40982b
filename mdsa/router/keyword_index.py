"""Finds the keywords of all domains in a message, without looking at each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

__all__ = ["KeywordIndex"]

Indices = NDArray[np.intp]
Weights = NDArray[np.float64]
_NONE: Indices = np.empty(0, np.intp)


class KeywordIndex:
    """For each stem, the keywords that hold it; one whose stems are all counted is in the message.

    Args:
        keywords: for the stems of each, the domains that have it and its weight for each.
    """

    def __init__(self, keywords: Mapping[frozenset[str], tuple[Indices, Weights]]) -> None:
        # A keyword of several domains stands there for each, the best keywords last.
        entries = sorted(
            (float(weight), int(domain), stems)
            for stems, weighed in keywords.items()
            for domain, weight in zip(*weighed, strict=True)
        )
        self._weights = np.array([weight for weight, _, _ in entries])
        self._domains = np.array([domain for _, domain, _ in entries], np.intp)
        self._sizes = np.array([len(stems) for _, _, stems in entries], np.intp)
        holders: dict[str, list[int]] = {}
        for entry, (_, _, stems) in enumerate(entries):
            for stem in stems:
                holders.setdefault(stem, []).append(entry)
        self._holders = {stem: np.array(held, np.intp) for stem, held in holders.items()}
        # Each keyword once more, under the stem that fewest keywords hold.
        self._rarest: dict[str, list[tuple[frozenset[str], int, float]]] = {}
        for weight, domain, stems in entries:
            rarest = min(stems, key=lambda stem: (len(holders[stem]), stem))
            self._rarest.setdefault(rarest, []).append((stems, domain, weight))

    def found(self, messages: Sequence[Iterable[str]]) -> tuple[Indices, Indices, Weights]:
        """Find the keywords of each message.

        Args:
            messages: the stems of each, once each.

        Returns:
            For each keyword found its message, its domain and its weight; those of a message stand
            together, with ascending weights.
        """
        width = len(self._sizes)
        holders = self._holders
        held = [[holders[stem] for stem in stems if stem in holders] for stems in messages]
        entries = np.concatenate([_NONE, *chain.from_iterable(held)])
        if len(messages) > 1:  # each is counted in its own stretch of one long row
            starts = np.arange(len(messages)) * width
            entries += starts.repeat([sum(map(len, some)) for some in held])
        counts = np.bincount(entries, minlength=width * len(messages))
        (found,) = (counts.reshape(len(messages), width) == self._sizes).ravel().nonzero()
        at, entries = np.divmod(found, max(width, 1))
        return at, self._domains[entries], self._weights[entries]

    def best(self, stems: Iterable[str]) -> dict[int, float]:
        """The weight of the best keyword in a message for each domain that has one there.

        Unlike `found`, it looks at keywords one by one: faster where there are few.

        Args:
            stems: of the message, each once.
        """
        present = frozenset(stems)
        best: dict[int, float] = {}
        for stem in present & self._rarest.keys():
            for needed, domain, weight in self._rarest[stem]:
                if needed <= present:
                    best[domain] = max(weight, best.get(domain, weight))
        return best
