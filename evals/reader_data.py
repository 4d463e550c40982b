"""Questions changed for the fit of the reader: about another name, or in unknown words."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from mdsa.models.reader.words import STOP_WORDS, distinctive_terms, stem, tokens

__all__ = ["blur_words", "moved_spans", "name_pool", "swap_name"]

_LETTERS = re.compile(r"[A-Za-z]+")


def swap_name(question: str, passages: str, pool: Sequence[str], rng: random.Random) -> str | None:
    """The question about another name or year, which the passages do not hold: no answer to it."""
    names = [
        word
        for word in re.findall(r"(?<=[a-z] )[A-Z][a-z]+|\b1\d{3}\b|\b20\d\d\b", question)
        if word in passages
    ]
    if not names:
        return None
    old = rng.choice(names)
    new = str(rng.randint(1500, 2020)) if old[0].isdigit() else rng.choice(pool)
    return None if new in passages else question.replace(old, new)


def blur_words(question: str, rng: random.Random, share: float = 0.5) -> str:
    """The question with some ordinary words made unknown, as if it were put in other words."""
    kept = distinctive_terms(question)

    def blur(match: re.Match[str]) -> str:
        word = match.group()
        ordinary = word.lower() not in STOP_WORDS and stem(word) not in kept
        return f"{word}qz" if ordinary and rng.random() < share else word

    return _LETTERS.sub(blur, question)


def moved_spans(
    spans: Sequence[tuple[int, int]], question: str, blurred: str
) -> list[tuple[int, int]]:
    """Spans of a question's tokens as they lie in the question that `blur_words` made of it."""
    ends = [
        (before.end(), after.end() - before.end())
        for before, after in zip(
            _LETTERS.finditer(question), _LETTERS.finditer(blurred), strict=True
        )
    ]
    moved = []
    for first, last in spans:
        shift = next((by for end, by in reversed(ends) if end <= first), 0)
        moved.append((first + shift, last + shift))
    return moved


def name_pool(questions: Sequence[str]) -> list[str]:
    """Capitalised words of all questions, to swap names with."""
    return sorted(
        {
            word
            for text in questions
            for word in tokens(text)[1:]
            if re.fullmatch(r"[A-Z][a-z]{3,}", word)
        }
    )
