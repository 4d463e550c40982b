"""Tells whether a rewritten question holds names or numbers that nobody said."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["invented_facts"]

_WORD = re.compile(r"[^\W_]+")
_SENTENCE_START = re.compile(r"(?:^|[.?!:]\s+|\n)[\"'“(]*$")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")
# fmt: off
_SMALL_NUMBERS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve",
)
# fmt: on
_NUMBER_WORDS = {word: str(number) for number, word in enumerate(_SMALL_NUMBERS)}
_NO_FACTS = frozenset({"i", "one"})
"""Always written large, and a pronoun."""


def invented_facts(question: str, said: Iterable[str]) -> list[str]:
    """Names and numbers of a question that stand nowhere in what was said, in order.

    A name is a word with a capital letter that does not open a sentence; a number is digits, or a
    word up to twelve. "Two" and "2" are the same.

    Args:
        question: as a model wrote it.
        said: the texts that it may draw on.
    """
    known = {_plain(word) for text in said for word in _words(text)}
    return [
        word
        for word, opens in _words_and_places(question)
        if _is_fact(word, opens) and _plain(word) not in known
    ]


def _is_fact(word: str, opens: bool) -> bool:
    if word.casefold() in _NO_FACTS:
        return False
    if any(character.isdigit() for character in word) or word.casefold() in _NUMBER_WORDS:
        return True
    return any(character.isupper() for character in (word[1:] if opens else word))


def _plain(word: str) -> str:
    folded = word.casefold()
    return _NUMBER_WORDS.get(folded, folded.lstrip("0") or folded)


def _words(text: str) -> list[str]:
    return _WORD.findall(_THOUSANDS.sub("", text))


def _words_and_places(text: str) -> list[tuple[str, bool]]:
    text = _THOUSANDS.sub("", text)
    return [
        (found.group(), bool(_SENTENCE_START.search(text[: found.start()])))
        for found in _WORD.finditer(text)
    ]
