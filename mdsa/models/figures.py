"""Figures and dates by their value, however they are written."""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["MONTHS", "WEEKDAYS", "figure_value", "figures_meant", "full_name"]

MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_ONES_TEXT = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
sixteen seventeen eighteen nineteen
"""
_ONES = {word: number for number, word in enumerate(_ONES_TEXT.split())}
_ORDINALS_TEXT = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
_ORDINALS = {word: number for number, word in enumerate(_ORDINALS_TEXT.split(), start=1)}
_TENS_TEXT = "twenty thirty forty fifty sixty seventy eighty ninety"
_TENS = {word: 10 * number for number, word in enumerate(_TENS_TEXT.split(), start=2)}
_OTHERS = {"twice": 2, "hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
_SCALES = ("hundred", "thousand", "million", "billion")
_WRITTEN = re.compile(r"(\d[\d.,:]*)(?:st|nd|rd|th|[a-z%°]{1,4})?")
_ISO_DATE = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_DOTTED_DATE = re.compile(r"\b(\d{1,2})[/.](\d{1,2})[/.](\d{4})\b")
_SCALED = re.compile(rf"\b(\d+(?:\.\d+)?|[a-z]+)[ -]({'|'.join(_SCALES)})\b", re.IGNORECASE)


@lru_cache(maxsize=20_000)
def figure_value(word: str) -> str | None:
    """The value of a word that is a figure, alike for alike values; None for any other word.

    A unit or an ordinal's ending that is written onto the figure is left out: `10mg`, `3rd`.
    """
    lowered = word.lower()
    known = {**_ONES, **_ORDINALS, **_TENS, **_OTHERS}
    if lowered in known:
        return str(known[lowered])
    tens, _, ones = lowered.partition("-")
    if tens in _TENS and ones in _ONES:
        return str(_TENS[tens] + _ONES[ones])
    written = _WRITTEN.fullmatch(lowered)
    if written is None:
        return None
    digits = re.sub(r",(?=\d{3}\b)", "", written.group(1)).rstrip(".,:")
    if re.fullmatch(r"\d{1,2}:\d{2}", digits):
        hour, minute = digits.split(":")
        return f"{int(hour)}:{minute}" if minute != "00" else str(int(hour))
    try:
        return f"{float(digits):.12g}"
    except ValueError:
        return digits


def figures_meant(text: str) -> set[str]:
    """Values that a text states in several words or in a date: `2 million`, `2026-03-04`, `14:30`.

    The months of dates in figures are given as words.
    """
    found: set[str] = set()
    for amount, scale in _SCALED.findall(text):
        value = figure_value(amount)
        if value is not None:
            found.add(f"{float(value) * _OTHERS[scale.lower()]:.12g}")
    dates = [(int(month), day, year) for year, month, day in _ISO_DATE.findall(text)]
    for first, second, year in _DOTTED_DATE.findall(text):  # either may be the month
        dates += [(int(first), second, year), (int(second), first, year)]
    for month, day, year in dates:
        if 1 <= month <= len(MONTHS):
            found |= {MONTHS[month - 1], str(month), str(int(day)), year}
    for hour, minute in re.findall(r"\b(\d{1,2}):(\d{2})\b", text):
        twelve = str(int(hour) % 12 or 12)
        found.add(twelve if minute == "00" else f"{twelve}:{minute}")
    return found


def full_name(word: str) -> str:
    """`mar` and `sept` as `march` and `september`, `tue` as `tuesday`; other words as they are."""
    lowered = word.lower()
    if len(lowered) >= len("mar"):
        for name in (*MONTHS, *WEEKDAYS):
            if name.startswith(lowered):
                return name
    return lowered
