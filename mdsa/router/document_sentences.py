"""Which sentences of the domains' documents the zero-shot router compares messages with.

People ask in the words of what they want to know, and a domain's documents hold far more of those
than its description. Measured on the 16 organisations of `evals/data/organisations/calibration`,
whose domains have some 34 sentences each: with all of them the right domain is found for 0.780 of
the messages, without any for 0.678, and more sentences are always better. A message pays for each
text that it is compared with, so there is a bound, and within it those are taken that lie furthest
from what is taken already (0.742 with 16 a domain and 0.717 with 8; drawn at random 0.741 and
0.699, title and first sentences first 0.715 and 0.698). That takes the vectors of more than are
kept, but not of all that there are: twice as many, drawn by the hash of their text. So a sentence
stays drawn while the documents around it change, and is not encoded again.
"""

from __future__ import annotations

import numpy as np

from mdsa.router.features import Matrix

__all__ = ["DRAWN", "furthest", "share"]

_MOST_OF_A_DOMAIN = 64
"""Measured: with five domains they take 0.05 ms a message, and twice as many 0.2 ms."""
_MOST_TEXTS = 1024
"""Of all domains, their own texts counted; see `mdsa.router.similarities`."""
DRAWN = 2
"""So many times what is kept is encoded, to choose from."""


def share(own_texts: int, domains: int) -> int:
    """How many sentences each domain may have.

    Args:
        own_texts: of all domains: names, descriptions with their phrases, and keywords.
        domains: all of them. A share of those that have documents would tell callers whether
            others, which they may not read, have some.
    """
    return min(_MOST_OF_A_DOMAIN, max(_MOST_TEXTS - own_texts, 0) // max(domains, 1))


def furthest(vectors: Matrix, taken: Matrix, count: int) -> list[int]:
    """Rows that cover most: each the one furthest from all that are taken (Gonzalez 1985).

    Args:
        vectors: unit vectors to choose from, (rows, dimensions).
        taken: what is covered already, one at least, (texts, dimensions).
        count: how many rows at most.
    """
    nearest = (vectors @ taken.T).max(axis=1)
    chosen: list[int] = []
    for _ in range(min(count, len(vectors))):
        chosen.append(int(nearest.argmin()))
        np.maximum(nearest, vectors @ vectors[chosen[-1]], out=nearest)
        nearest[chosen[-1]] = np.inf
    return sorted(chosen)
