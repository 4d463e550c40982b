"""Values that stand beside one another: "in Oslo, Rome and Paris", "20 and 15 minutes"."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from mdsa.models.reader.candidates import Candidate

__all__ = ["coordinated", "joined"]

_JOINT = re.compile(
    r"^\W*(?:,|;|/)?\s*(?:and|or|&|plus|as well as|then|and also|also)?\s*"
    r"(?:the|a|an|for|in|of|at|to|on|with|by|some|another)?\s*(?:the|a|an)?\s*['\"“‘(]?$",  # noqa: RUF001
    re.IGNORECASE,
)
_LINK = re.compile(r"[,;/&]|\b(?:and|or|plus|then|also|as well as)\b", re.IGNORECASE)
_BRACKETS = re.compile(r"[)\]].*[(\[]", re.DOTALL)
_RANGE = re.compile(r"^\s*(?:[a-zA-Z]+\s)?(?:to|until)\s+(?:[a-z]\s*=\s*)?[$€£-]?$")
_UNIT = re.compile(
    r"^(?:\s?%|\s?(?!and\b|or\b|plus\b|then\b|also\b|as\b)°?[a-zA-Z²³/]+)(?=[\s,.;)]|$)"
)


def joined(text: str, left: Candidate, right: Candidate, *, ranges: bool = False) -> bool:
    """Whether nothing but a comma, "and" or the like stands between two values.

    Args:
        text: the message.
        left: the value before.
        right: the value after.
        ranges: whether "from 1 to 3" joins two numbers.
    """
    between = text[left.end : right.start]
    if left.kind == "number":
        between = _UNIT.sub("", between, count=1) if _LINK.search(between) else between
    if left.kind == "number" and _BRACKETS.search(between):
        return False  # two points, two intervals
    if ranges and left.kind == "number" and _RANGE.match(text[left.end : right.start]):
        return True
    between = between.lstrip("'\"”’)] ")  # noqa: RUF001
    return _LINK.search(between) is not None and _JOINT.match(between) is not None


def coordinated(
    text: str,
    one: Candidate,
    candidates: Sequence[Candidate],
    score: Callable[[Candidate], float],
    *,
    ranges: bool = False,
) -> list[Candidate]:
    """The value with those that it is listed with, in their order.

    Args:
        text: the message.
        one: the value.
        candidates: what may be listed with it.
        score: which of overlapping candidates counts.
        ranges: whether "from 1 to 3" joins two numbers.
    """
    alike = [
        c for c in candidates if c.kind == one.kind or {c.kind, one.kind} <= {"name", "phrase"}
    ]
    chain = [one]
    while True:
        after = [
            c
            for c in alike
            if c.start >= chain[-1].end and joined(text, chain[-1], c, ranges=ranges)
        ]
        if not after:
            break
        chain.append(max(after, key=score))
    while True:
        before = [
            c for c in alike if c.end <= chain[0].start and joined(text, c, chain[0], ranges=ranges)
        ]
        if not before:
            break
        chain.insert(0, max(before, key=score))
    return chain
