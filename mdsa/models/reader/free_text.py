"""Clauses of a message: what someone says is wrong, wanted or the reason, in their own words."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["clauses"]

_MOST_WORDS = 12
_MOST = 40
_SEGMENT = re.compile(r"(?:[^.,:;!?\n()]|[.,:](?=\w))+")
_WORD = re.compile(r"[^\s\"“”]+")
_ENDS_BEFORE = frozenset({"please", "pls", "and", "but", "so", "because", "since", "on", "at", "i"})
# No clause begins or ends with one of these.
_OUTSIDE_TEXT = """
and but so because since please pls hi hello hey thanks thank or that which of to for from by
about as
"""
_OUTSIDE = frozenset(_OUTSIDE_TEXT.split())
_NEVER_LAST = _OUTSIDE | {
    "the",
    "a",
    "an",
    "my",
    "our",
    "is",
    "are",
    "was",
    "in",
    "on",
    "at",
    "with",
}


def clauses(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of stretches of several words that may stand for themselves; they overlap."""
    count = 0
    for segment in _SEGMENT.finditer(text):
        words = list(_WORD.finditer(text, segment.start(), segment.end()))
        for first, last in _bounds(words):
            yield words[first].start(), words[last].end()
            count += 1
            if count == _MOST:
                return


def _bounds(words: list[re.Match[str]]) -> Iterator[tuple[int, int]]:
    said = [word.group().lower() for word in words]
    starts = [at for at, word in enumerate(said) if word not in _OUTSIDE]
    ends = [
        at
        for at, word in enumerate(said)
        if word not in _NEVER_LAST and (at + 1 == len(said) or said[at + 1] in _ENDS_BEFORE)
    ]
    for first in starts:
        for last in ends:
            if 1 <= last - first < _MOST_WORDS:
                yield first, last
