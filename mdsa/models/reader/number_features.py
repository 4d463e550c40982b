"""What is measured of a number against an argument that it might fill."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mdsa.models.reader.candidates import Candidate
from mdsa.models.reader.encoder import CachedEncoder
from mdsa.models.reader.numeric import fits
from mdsa.models.reader.render import label
from mdsa.models.reader.slots import Slot
from mdsa.models.reader.units import same_dimension
from mdsa.models.reader.value_context import around, near
from mdsa.models.reader.value_meaning import context_meaning
from mdsa.models.reader.values import Found
from mdsa.models.reader.words import STOP_WORDS, stem

__all__ = ["NUMBER_FEATURES", "number_rows"]

_GENERIC = frozenset(
    {"name", "value", "number", "type", "specific", "given", "desired", "default", "optional"}
)

_MONEY_WORDS = """
price amount budget cost principal investment salary income payment loan deposit dollar usd value
fee money gain revenue worth balance
"""

_RATE_WORDS = """
rate percent percentage interest return yield discount growth probability share confidence
contribution
"""

_MONEY = frozenset(stem(word) for word in _MONEY_WORDS.split())

_RATES = frozenset(stem(word) for word in _RATE_WORDS.split())

_YEARS = frozenset(stem(word) for word in ("year", "date", "season"))

_UNITS_SHORT = {
    "km": "kilometer",
    "kg": "kilogram",
    "m": "meter",
    "cm": "centimeter",
    "mm": "millimeter",
    "g": "gram",
    "ft": "feet",
    "lb": "pound",
    "lbs": "pound",
    "mi": "mile",
    "h": "hour",
    "hr": "hour",
    "hrs": "hour",
    "min": "minute",
    "mins": "minute",
    "s": "second",
    "sec": "second",
    "l": "liter",
    "c": "celsius",
    "k": "kelvin",
}

_WORD = re.compile(r"[^\W\d_]+")

_TIMES = frozenset(stem(w) for w in ("date", "day", "month", "time", "hour", "minute", "deadline"))

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sep(?:t|tember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DATED_BEFORE = re.compile(rf"\b{_MONTH}\.?\s+(?:the\s+)?$|\d:$", re.IGNORECASE)
_DATED_AFTER = re.compile(
    rf"^(?:st|nd|rd|th)?\s+(?:of\s+)?(?:{_MONTH}\b|this month|next month)"
    r"|^(?:st|nd|rd|th)\b(?!\s*\w)|^\s?[ap]\.?m\b|^\s?o['’\"]clock|^:\d\d",  # noqa: RUF001
    re.IGNORECASE,
)

NUMBER_FEATURES = (
    "cue_before",
    "cue_after",
    "described_before",
    "described_after",
    "unit",
    "unit_elsewhere",
    "money",
    "money_elsewhere",
    "percent",
    "percent_elsewhere",
    "year",
    "year_elsewhere",
    "assigned",
    "order",
    "same_place",
    "only_one",
    "spelled",
    "spelled_beside_digits",
    "required",
    "shared_cue",
    "meaning",
    "meaning_margin",
    "meaning_below_best",
    "dated_elsewhere",
)
"""Names of the columns of `number_rows`, in order."""


def number_rows(
    slot: Slot,
    candidates: Sequence[Candidate],
    text: str,
    others: Sequence[Slot],
    encoder: CachedEncoder | None,
) -> NDArray[np.float64]:
    """One row a number, one column for each of `NUMBER_FEATURES`; arguments as `text_rows`."""
    names = {stem(w) for w in slot.name_words if w not in STOP_WORDS and w not in _GENERIC}
    words = slot.words | {_unit(w) for w in _WORD.findall(slot.description)}
    elsewhere: set[str] = set()
    shared: set[str] = set()
    for other in others:
        if other.name != slot.name:
            elsewhere |= other.words
            shared |= names & {stem(w) for w in other.name_words}
    described = words - names - elsewhere - {stem(w) for w in _GENERIC}
    place = [o.name for o in others].index(slot.name)
    usable = [c for c in candidates if any(_suits(o, c) for o in others)]
    digits = any(not _spelled(text, c) for c in usable)
    if digits:
        usable = [c for c in usable if not _spelled(text, c)]
    meanings = context_meaning(slot, candidates, text, others, encoder)
    rows = []
    for index, one in enumerate(candidates):
        before, after = around(text, one)
        glued = re.match(r"[a-zA-Z°]+", text[one.end :])
        unit = _unit(glued.group() if glued else after[0]) if after or glued else ""
        signed = text[max(0, one.start - 1) : one.start + 1].strip()[:1] in "$€£"
        unit = "dollar" if signed else unit  # what follows is bought with it
        money = signed or unit in {"dollar", "usd", "euro"}
        percent = "%" in text[one.start : one.end + 2] or unit in {"percent", "percentag"}
        year = (
            isinstance(one.value, int) and 1000 <= one.value <= 2100 and not money and not percent
        )
        rank = usable.index(one) if one in usable else place
        row = {
            "cue_before": near(before[::-1], names - shared, stop=".;?!"),
            "cue_after": near(after, names - shared, stop=",.;?!"),
            "described_before": near(before[::-1], described, stop=".;?!"),
            "described_after": near(after, described, stop=",.;?!"),
            "unit": (bool(unit) and unit in words - elsewhere)
            or same_dimension(slot, text[one.end :]),
            "unit_elsewhere": bool(unit) and unit in elsewhere and unit not in words,
            "money": money and bool(words & _MONEY),
            "money_elsewhere": money and not words & _MONEY,
            "percent": percent and bool(words & _RATES),
            "percent_elsewhere": percent and not words & _RATES,
            "year": year and bool(names & _YEARS),
            "year_elsewhere": year and not words & _YEARS,
            "assigned": bool(before) and _assigned(text[: one.start], slot),
            "order": abs(rank - place) / max(len(others), 1),
            "same_place": rank == place and len(usable) == len(others),
            "only_one": len(usable) == 1,
            "spelled": _spelled(text, one),
            "spelled_beside_digits": digits and _spelled(text, one),
            "required": slot.required,
            "shared_cue": near(before[::-1], shared, stop=".;?!"),
            "meaning": meanings[index][0],
            "meaning_margin": meanings[index][1],
            "meaning_below_best": meanings[index][2],
            "dated_elsewhere": not words & _TIMES and _dated(text, one),
        }
        rows.append([float(row[name]) for name in NUMBER_FEATURES])
    return np.array(rows, dtype=np.float64).reshape(len(candidates), len(NUMBER_FEATURES))


def _dated(text: str, one: Candidate) -> bool:
    """Whether a number is a part of a date or a time of day: "March 7th", "at 11 am"."""
    return (
        _DATED_BEFORE.search(text[: one.start]) is not None
        or _DATED_AFTER.search(text[one.end :]) is not None
    )


def _unit(word: str) -> str:
    lowered = word.lower().lstrip("°")
    return stem(_UNITS_SHORT.get(lowered, lowered))


def _assigned(before: str, slot: Slot) -> bool:
    """`a = 3`, `x: 2`: the slot's own name and a sign."""
    name = re.escape(slot.name)
    spaced = re.escape(label(slot.name))
    return (
        re.search(
            rf"(?<!\w)(?:{name}|{spaced})['\"]?\s*(?:=|:|is|of|equals)\s*[$€£-]?$",
            before,
            re.IGNORECASE,
        )
        is not None
    )


def _spelled(text: str, one: Candidate) -> bool:
    return not text[one.start : one.end].lstrip("$€£-.")[:1].isdigit()


def _suits(slot: Slot, one: Candidate) -> bool:
    return (
        one.kind == "number" and not one.clock and fits(slot, Found(one.value, one.start, one.end))
    )
