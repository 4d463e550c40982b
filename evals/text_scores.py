"""How near a text is to the right answer, and what in it comes from nowhere."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterable

__all__ = ["claims", "contains", "exact", "f1", "inventions", "normal"]

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_PUNCTUATION = str.maketrans(dict.fromkeys(string.punctuation + "–—“”‘’…•", " "))  # noqa: RUF001
_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")
_WORD = re.compile(r"[^\W\d_][\w'’-]*")  # noqa: RUF001
_CITATION = re.compile(r"\[\d+\](?:\[\d+\])*|^\W*\d{1,2}[.)]\s", re.MULTILINE)
_COUNTING = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
sixteen seventeen eighteen nineteen twenty
"""
_NUMBER_WORDS = {word: str(number) for number, word in enumerate(_COUNTING.split())}


def normal(text: str) -> str:
    """Lower case, without punctuation and articles, as SQuAD's evaluation compares answers."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def exact(text: str, answers: Iterable[str]) -> float:
    """Whether the text is one of the answers: 1.0 or 0.0."""
    return float(normal(text) in {normal(answer) for answer in answers})


def f1(text: str, answers: Iterable[str]) -> float:
    """Harmonic mean of precision and recall over words, of the answer that gives the most."""
    best = 0.0
    said = normal(text).split()
    for answer in answers:
        wanted = normal(answer).split()
        shared = sum((Counter(said) & Counter(wanted)).values())
        if shared:
            best = max(best, 2 * shared / (len(said) + len(wanted)))
    return best


def contains(text: str, answers: Iterable[str]) -> bool:
    """Whether one of the answers stands in the text, word for word."""
    said = f" {normal(text)} "
    return any(f" {wanted} " in said for answer in answers if (wanted := normal(answer)))


def claims(text: str) -> set[str]:
    """What a reader would take for fact: figures, and capitalised words within a sentence."""
    text = _CITATION.sub(" ", text)
    found = {_plain_figure(match.group()) for match in _FIGURE.finditer(text)}
    for match in _WORD.finditer(text):
        word = match.group()
        before = text[: match.start()].rstrip(" \t\"'“‘(*_-•")  # noqa: RUF001
        opens = not before or before[-1] in ".?!:;\n"
        if word.lower() in _NUMBER_WORDS:
            continue  # "one of them" is no figure
        if any(letter.isupper() for letter in word) and len(word) > 1 and not opens:
            found.add(_plain_word(word))
    return found


def inventions(text: str, sources: Iterable[str]) -> set[str]:
    """Figures and names that no source holds. Citations and numbers of list items are none."""
    known: set[str] = set()
    for source in sources:
        known |= {_plain_figure(match.group()) for match in _FIGURE.finditer(source)}
        words = {_plain_word(match.group()) for match in _WORD.finditer(source)}
        known |= words | {_NUMBER_WORDS[word] for word in words & _NUMBER_WORDS.keys()}
        known |= {part for word in words for part in re.split(r"[-'’]", word)}  # noqa: RUF001
    return {
        claim
        for claim in claims(text)
        if claim not in known and not all(part in known for part in re.split(r"[-'’]", claim))  # noqa: RUF001
    }


def _plain_figure(text: str) -> str:
    """Thousands without commas, decimals without the zeros that change nothing."""
    text = re.sub(r",(?=\d{3}\b)", "", text)
    return re.sub(r"(\.\d*?)0+$", r"\1", text).rstrip(".,") or "0"


def _plain_word(word: str) -> str:
    return re.sub(r"['’]s?$", "", word.lower())  # noqa: RUF001
