"""The words of rows: texts compared as written, and terms that set one label off from another."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

__all__ = ["distinguishing_terms", "normalised", "word_list"]

_WORD = re.compile(r"\w+(?:['\u2019]\w+)*")
_EMPTY = frozenset(
    """
    a about am an and any are as at be been but by can could did do does for from had has have
    i if in is it it's its i'm i've just me my of on or our please so some than that the their
    them then there they this to up us was we were will with would you your
    """.split()  # noqa: SIM905
)
"""English words that say nothing of a label; no term begins or ends with one."""

_CERTAIN = 1.96
"""Standard scores beyond this are no chance, in 95 of 100 cases."""


def word_list(text: str) -> list[str]:
    """Words of a text without regard to case; "don't" is one."""
    return _WORD.findall(text.casefold().replace("\u2019", "'"))


def normalised(text: str) -> str:
    """A text without case, punctuation and spacing, for comparison; never empty."""
    return " ".join(word_list(text)) or text.casefold()


def distinguishing_terms(here: Sequence[str], there: Sequence[str], most: int = 3) -> list[str]:
    """Words and pairs of words that texts on one side hold far more often than on the other.

    Log-odds ratio with an informative Dirichlet prior (Monroe, Colaresi and Quinn 2008): rare
    words are drawn towards how often both sides hold them together. A term counts once a text.

    Args:
        here: texts whose terms are sought.
        there: what they are compared with.
        most: how many terms at most.

    Returns:
        The terms, the clearest first, none of whose words was in an earlier one.
    """
    ours, theirs = _term_counts(here), _term_counts(there)
    scores = {term: _score(term, ours, theirs) for term in ours}
    chosen: list[str] = []
    covered: set[str] = set()
    for term in sorted(scores, key=lambda term: (-scores[term], term)):
        if len(chosen) == most or scores[term] < _CERTAIN:
            break
        if not covered.intersection(term.split()):
            chosen.append(term)
            covered.update(term.split())
    return chosen


def _term_counts(texts: Iterable[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for text in texts:
        words = word_list(text)
        pairs = (pair for pair in pairwise(words) if not _EMPTY.intersection(pair))
        counts.update({" ".join(pair) for pair in pairs}.union(words).difference(_EMPTY))
    return counts


def _score(term: str, ours: Counter[str], theirs: Counter[str]) -> float:
    """Standard score of a term's log-odds ratio."""
    totals = (ours.total(), theirs.total())
    prior = (ours[term] + theirs[term]) / sum(totals) * min(totals)
    odds = []
    for counts, total in zip((ours, theirs), totals, strict=True):
        held = counts[term] + prior
        odds.append(math.log(held / (total + min(totals) - held)))
    variance = 1 / (ours[term] + prior) + 1 / (theirs[term] + prior)
    return (odds[0] - odds[1]) / math.sqrt(variance)
