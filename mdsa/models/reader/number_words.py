"""Numbers in words: "sixty-two thousand", "a hundred and ten", "half an hour", "a couple of"."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["spelled_numbers"]

_SMALL_TEXT = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
sixteen seventeen eighteen nineteen
"""
_TENS_TEXT = "twenty thirty forty fifty sixty seventy eighty ninety"
_SMALL = {word: number for number, word in enumerate(_SMALL_TEXT.split())}
_TENS = {word: 10 * number for number, word in enumerate(_TENS_TEXT.split(), 2)}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
_UNIT = "|".join(_SMALL)
_BELOW_HUNDRED = rf"(?:(?:{'|'.join(_TENS)})(?:[\s-](?:{_UNIT}))?|{_UNIT})"
_SPELLED = re.compile(
    rf"\b(?:(?P<plain>{_BELOW_HUNDRED}|an?(?=\s+(?:{'|'.join(_SCALES)})\b))"
    rf"(?P<rest>(?:\s+(?:{'|'.join(_SCALES)})\b(?:\s+(?:and\s+)?{_BELOW_HUNDRED}\b)?)*)"
    rf"|(?P<bare>{'|'.join(_SCALES)}))\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[a-z]+")
_AMOUNTS = (
    (re.compile(r"\bhalf\s+a\s+dozen\b", re.IGNORECASE), 6),
    (re.compile(r"\b(?:a\s+)?dozen\b", re.IGNORECASE), 12),
    (re.compile(r"\b(?:a|the|this)\s+(?:couple|pair)\b(?:\s+of\b)?", re.IGNORECASE), 2),
    (re.compile(r"\btwice\b", re.IGNORECASE), 2),
    (re.compile(r"\bonce\b(?=\s*(?:[,.;!?]|and\b|$))", re.IGNORECASE), 1),
    (re.compile(r"\bhalf\s+(?=an?\s+\w)", re.IGNORECASE), 0.5),
)
_ONE_AFTER = re.compile(
    r"\s+(?:of|has|have|is|was|in|with|that|who|can|could|should)\b", re.IGNORECASE
)
_ONE_BEFORE = re.compile(
    r"\b(?:the|this|that|which|another|no|small|large|big|new|old|other|last|next|each|every|any)\s+$",
    re.IGNORECASE,
)
_AND_A_HALF = re.compile(r"\s+and\s+a\s+half\b", re.IGNORECASE)


def spelled_numbers(text: str) -> Iterator[tuple[float, int, int]]:
    """Value, start and end of every number in words; "thousand" after digits is not one of them."""
    taken: list[tuple[int, int]] = []
    for pattern, amount in _AMOUNTS:
        for match in pattern.finditer(text):
            if not any(match.start() < end and start < match.end() for start, end in taken):
                taken.append(match.span())
                yield amount, *match.span()
    for match in _SPELLED.finditer(text):
        if match["bare"] and re.search(r"\d\s*$", text[: match.start()]):
            continue
        if match.group().lower() == "one" and _is_pronoun(text, match):
            continue
        half = _AND_A_HALF.match(text, match.end())
        value = _value(match.group()) + (0.5 if half else 0)
        yield value, match.start(), half.end() if half else match.end()


def _is_pronoun(text: str, match: re.Match[str]) -> bool:
    """Whether "one" stands for a thing: "one of us", "the small one", "One has three rooms"."""
    return (
        _ONE_AFTER.match(text, match.end()) is not None
        or _ONE_BEFORE.search(text[: match.start()]) is not None
    )


def _value(text: str) -> float:
    whole = part = 0
    for word in _WORD.findall(text.lower()):
        if word in _SMALL or word in _TENS:
            part += _SMALL.get(word, 0) + _TENS.get(word, 0)
        elif word == "hundred":
            part = max(part, 1) * 100
        elif word in _SCALES:
            whole += max(part, 1) * _SCALES[word]
            part = 0
    return whole + part
