"""Reads the answer to a question back: which of the choices it names, if it names one."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["chosen", "says_more"]

_ORDINALS = ("first", "second", "third", "fourth")
# fmt: off
_FILLERS = frozenset(
    {
        "a", "about", "an", "and", "for", "i", "is", "it", "its", "m", "mean", "meant", "my", "of",
        "on", "one", "please", "question", "s", "that", "the", "this", "to", "yes",
    }
)
# fmt: on
_MOST_BESIDES = 2
"""Words that neither name a choice nor fill."""


def chosen(message: str, choices: Sequence[str]) -> str | None:
    """The choice that an answer to a question back names, by its words or its place.

    A message that says much besides is a new question that happens to share a word.
    """
    words, parts = _words(message), _parts(choices)
    if "?" in message or len(_besides(message, choices)) > _MOST_BESIDES:
        return None
    # "Customer support" names one choice wholly, and shares a word with technical support.
    whole = [name for name in choices if parts[name] <= words]
    named = [name for name in choices if parts[name] & words]
    placed = [name for name, ordinal in zip(choices, _ORDINALS, strict=False) if ordinal in words]
    for candidates in (whole, named, placed):
        if len(candidates) == 1:
            return candidates[0]
    return None


def says_more(message: str, choices: Sequence[str]) -> bool:
    """Whether an answer to a question back says anything but which choice is meant."""
    return bool(_besides(message, choices))


def _besides(message: str, choices: Sequence[str]) -> set[str]:
    named = set().union(*_parts(choices).values())
    return _words(message) - named - _FILLERS - set(_ORDINALS)


def _words(message: str) -> set[str]:
    return set(re.findall(r"[^\W_]+", message.lower()))


def _parts(choices: Sequence[str]) -> dict[str, set[str]]:
    return {name: set(re.split(r"[_-]", name.lower())) for name in choices}
