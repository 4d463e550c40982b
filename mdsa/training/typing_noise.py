"""The small errors that people type: what an encoder must read past."""

from __future__ import annotations

import random
import string

__all__ = ["add_noise", "misspell"]

_LETTERS = string.ascii_lowercase
_BARE = 0.2
"""Share of texts without punctuation."""
_SHORTEST = 3
"""Letters; in shorter words one error mostly makes another word."""


def add_noise(text: str, rng: random.Random, share: float = 0.15) -> str:
    """Misspell some words, and sometimes drop the punctuation.

    Args:
        text: what was meant.
        rng: draws the errors.
        share: of words that get an error; at least one word does if it is long enough.
    """
    words = text.split()
    long_enough = [index for index, word in enumerate(words) if len(word) >= _SHORTEST]
    chosen = [index for index in long_enough if rng.random() < share]
    for index in chosen or long_enough[:1]:
        words[index] = misspell(words[index], rng)
    noisy = " ".join(words)
    if rng.random() < _BARE:
        return noisy.translate(str.maketrans("", "", string.punctuation)) or noisy
    return noisy


def misspell(word: str, rng: random.Random) -> str:
    """Drop, double, swap, replace or insert one character."""
    at = rng.randrange(len(word))
    letter = rng.choice(_LETTERS)
    match rng.randrange(5):
        case 0:
            return word[:at] + word[at + 1 :]
        case 1:
            return word[:at] + word[at] + word[at:]
        case 2 if at + 1 < len(word):
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        case 3:
            return word[:at] + letter + word[at:]
        case _:
            return word[:at] + letter + word[at + 1 :]
