"""Messages as people really type them: slips of the finger, capitals, no punctuation.

Each change depends on the text and the seed alone, so the same message is changed the same way in
every run and in every order.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping

from mdsa.training.typing_noise import misspell

__all__ = ["PERTURBATIONS", "TYPO_SHARE", "all_caps", "lower_case", "typos", "without_punctuation"]

TYPO_SHARE = 0.1

_WORD = re.compile(r"[^\W\d_]+")
_PUNCTUATION = re.compile(r"[^\w\s]|_")


def typos(text: str, seed: int = 0, share: float = TYPO_SHARE) -> str:
    """Put one slip into `share` of the words: a letter too many, missing, swapped or wrong.

    Every word (a run of letters) is hit with the probability `share`, by a slip that changes it and
    leaves something of it.

    Args:
        text: the message.
        seed: which slips.
        share: in [0, 1].
    """
    draw = random.Random(f"{seed} {text}")  # repeatable, no secret

    def slip(word: re.Match[str]) -> str:
        return _slip(word.group(), draw) if draw.random() < share else word.group()

    return _WORD.sub(slip, text)


def all_caps(text: str, _seed: int = 0) -> str:
    """In capitals."""
    return text.upper()


def lower_case(text: str, _seed: int = 0) -> str:
    """Without capitals."""
    return text.lower()


def without_punctuation(text: str, _seed: int = 0) -> str:
    """Without punctuation and symbols: "what's" becomes "whats", "5-day" becomes "5day"."""
    return _PUNCTUATION.sub("", text)


PERTURBATIONS: Mapping[str, Callable[[str, int], str]] = {
    "typos in 10 % of words": typos,
    "all capitals": all_caps,
    "lower case": lower_case,
    "no punctuation": without_punctuation,
}
"""Changes by name; each is called with the message and a seed."""


def _slip(word: str, draw: random.Random) -> str:
    slipped = word
    while slipped in (word, ""):
        slipped = misspell(word, draw)
    return slipped
