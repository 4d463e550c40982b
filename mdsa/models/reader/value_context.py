"""The words around a value in a message, and the examples that a description gives."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from mdsa.models.reader.candidates import Candidate
from mdsa.models.reader.words import stem

__all__ = ["around", "closed_options", "near", "options", "preposition"]

_WORD = re.compile(r"[^\W_][\w'’-]*|[^\w\s]")  # noqa: RUF001

_WINDOW = 6
_CLOSED = re.compile(
    r"\b(?:can be|could be|must be|may be|should be|either|one of|choose from|options?(?: are|:)|"
    r"(?:possible|allowed|valid|supported) values?|supports?|accepts?|values?(?: are|:))",
    re.IGNORECASE,
)
_OPEN = re.compile(r"\be\.?g\b|\betc\b|\bsuch as\b|\bfor example\b|\blike\b", re.IGNORECASE)


@lru_cache(maxsize=2048)
def options(description: str) -> tuple[str, ...]:
    """Values that a description gives as examples: quoted, or after "e.g." and "such as"."""
    quoted = re.findall(r"['\"‘“]([^'\"‘’“”]{1,40})['\"’”]", description)  # noqa: RUF001
    listed = re.findall(
        r"(?:e\.?g\.?,?:?|such as|like|options?(?: are)?:|include)\s+([^.()\"']+)",
        description,
        re.IGNORECASE,
    )
    found = [part.strip() for text in listed for part in re.split(r",|\bor\b|\band\b", text)]
    return tuple(dict.fromkeys(one for one in [*quoted, *found] if one and len(one) <= 40))


@lru_cache(maxsize=2048)
def closed_options(description: str) -> tuple[str, ...]:
    """The only values that a description allows: "Can be 'melting' or 'freezing'"; else none."""
    if _OPEN.search(description) or (cue := _CLOSED.search(description)) is None:
        return ()
    # What is quoted before says what the value is for, and after "default" stands one again.
    listed = re.split(r"\bdefault", description[cue.end() :], flags=re.IGNORECASE)[0]
    found = tuple(dict.fromkeys(re.findall(r"['\"]([^'\"]{1,40})['\"]", listed)))
    return found if len(found) > 1 else ()


def around(text: str, one: Candidate) -> tuple[list[str], list[str]]:
    """The words and marks before and after a value, in lower case and in their order."""
    before = [m.group().lower() for m in _WORD.finditer(text[: one.start])][-_WINDOW:]
    after = [m.group().lower() for m in _WORD.finditer(text[one.end :])][:_WINDOW]
    return before, after


def preposition(before: Sequence[str]) -> set[str]:
    """The preposition right before, articles and the like left out."""
    for word in before[::-1]:
        if word in {"the", "a", "an", "my", "our", "his", "her", "their", '"', "'", "“", "‘"}:  # noqa: RUF001
            continue
        return {word}
    return set()


def near(words: Sequence[str], wanted: set[str], *, stop: str) -> float:
    """How near the first of the wanted stems stands, 1 for the next word; 0 before a stop."""
    for distance, word in enumerate(words, 1):
        if word in stop:
            return 0.0
        if stem(word) in wanted:
            return 1 / distance
    return 0.0
