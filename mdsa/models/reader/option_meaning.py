"""The option of an enum that a message means without naming it: "it was nicked" is `stolen`."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from mdsa.models.reader.encoder import CachedEncoder
from mdsa.models.reader.render import label
from mdsa.models.reader.values import Found
from mdsa.models.reader.words import STOP_WORDS

__all__ = ["option_meant"]

_WORD = re.compile(r"[^\W\d_][\w'-]*")
_MOST_WORDS = 3
_MOST_OPTIONS = 12
_OPEN = frozenset({"other", "others", "none", "any", "all", "else", "unknown"})
# Cosines, by hand: too few options are meant without being named to fit them.
_LEAST = 0.5
_MARGIN = 0.06


def option_meant(options: Sequence[str], text: str, encoder: CachedEncoder) -> Found | None:
    """The option that some words of the message lie nearest to, clearly nearer than to another.

    Args:
        options: the enum; None comes back where it is long.
        text: the message.
        encoder: of the meaning of short texts.
    """
    named = [one for one in options if label(one) not in _OPEN]
    phrases = _phrases(text)
    if not phrases or not 1 < len(named) <= _MOST_OPTIONS:
        return None
    vectors = encoder.encode([*(label(one) for one in named), *(said for said, _, _ in phrases)])
    cosines = vectors[: len(named)] @ vectors[len(named) :].T
    best = cosines.max(axis=1)
    first, second = np.sort(best)[::-1][:2]
    if first < _LEAST or first - second < _MARGIN:
        return None
    place = int(best.argmax())
    _, start, end = phrases[int(cosines[place].argmax())]
    return Found(named[place], start, end)


def _phrases(text: str) -> list[tuple[str, int, int]]:
    """Runs of words up to three, none at either end of them a stop word."""
    words = list(_WORD.finditer(text))
    found = []
    for first, start in enumerate(words):
        for end in words[first : first + _MOST_WORDS]:
            edges = {start.group().lower(), end.group().lower()}
            said = text[start.start() : end.end()]
            if not edges & STOP_WORDS and not re.search(r"[.,;:!?]", said):
                found.append((said, start.start(), end.end()))
    return found
