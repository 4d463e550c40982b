"""Reads the answer to a question back: which of the choices it names, if it names one."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["chosen"]

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
    words = set(re.findall(r"[a-z0-9]+", message.lower()))
    parts = {name: set(re.split(r"[_-]", name.lower())) for name in choices}
    besides = words - set().union(*parts.values()) - _FILLERS - set(_ORDINALS)
    if "?" in message or len(besides) > _MOST_BESIDES:
        return None
    # "Customer support" names one choice wholly, and shares a word with technical support.
    whole = [name for name in choices if parts[name] <= words]
    named = [name for name in choices if parts[name] & words]
    placed = [name for name, ordinal in zip(choices, _ORDINALS, strict=False) if ordinal in words]
    for candidates in (whole, named, placed):
        if len(candidates) == 1:
            return candidates[0]
    return None
