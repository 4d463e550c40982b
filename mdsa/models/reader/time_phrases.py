"""Days and times as people say them: "Saturday around noon", "the 3rd of May", "tomorrow at nine".

The whole of such a phrase is one value, and so are its day and its time of day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

__all__ = ["TimePhrase", "time_phrases"]

_WEEKDAY = (
    r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|mon|tues?|weds?|thurs?|thu|fri|sat|sun)"
)
_MONTH = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december"
    r"|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b"
)
_NUMBER = r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\d{1,2})"
_NTH = r"(?:\d{1,2}(?:st|nd|rd|th)|first|second|third|fourth|last)"
_MEAL = r"(?:breakfast|lunch|dinner|work|school)"
_PART = (
    r"(?:(?:early|late)\s+)?(?:morning|afternoon|evening|night|noon|midday|midnight|lunchtime)s?"
)
_SPAN = r"(?:days?|weeks?|months?|years?|weekend)"
_FEAST = r"(?:easter|christmas|new year(?:'s)?(?:\s+(?:eve|day))?|spring|summer|autumn|winter)"
_CLOCK = (
    r"(?:\d{1,2}[:.]\d\d(?!\d|\.\d)(?:\s?[ap]\.?m\b)?|\d{1,2}\s?(?:[ap]\.?m|h)\b"
    rf"|(?:half|quarter|ten|twenty|five)\s+(?:past|to)\s+{_NUMBER}|{_NUMBER}\s+o['’]?clock"  # noqa: RUF001
    rf"|first thing|after {_MEAL})"
)
_THIS = r"(?:the|this|next|last|coming|following|any|every|each|some|first|a|good|early|late)\s+"
_NEXT = r"(?:early\s+|late\s+)?(?:next|last|past|this|coming|following)\s+(?:\w+\s+)?"
_DATE = (
    rf"(?:(?:\d{{1,2}}(?:st|nd|rd|th)?|first)(?:\s+of)?\s+(?:{_MONTH}|next month)(?:,?\s+\d{{4}})?"
    rf"|{_MONTH}\s+(?:the\s+)?\d{{1,2}}(?:st|nd|rd|th)?\b(?:,?\s+\d{{4}})?"
    r"|\d{1,2}[./]\d{1,2}[./]\d{2,4}(?!\d)|\d{4}-\d\d-\d\d"
    rf"|the\s+\d{{1,2}}(?:st|nd|rd|th)(?!\s+(?:floor|street|avenue))|{_MONTH}\s+\d{{4}})"
)
_DAY = (
    rf"(?:(?:{_THIS})*{_DATE}"
    rf"|(?:{_THIS})*(?:{_NTH}\s+)?(?:{_WEEKDAY}|{_FEAST})(?:\s+(?:after\s+)?next|\s+week)?"
    r"|(?:the day after )?(?:today|tomorrow|tmrw|tonight|yesterday)|asap"
    rf"|{_NEXT}(?:{_PART}|{_SPAN}|{_MONTH})|(?:{_THIS})*{_NTH}\s+(?:weeks?|weekend)"
    rf"|(?:the\s+)?weekend|{_MONTH}"
    rf"|in\s+(?:an?|{_NUMBER})\s+{_SPAN}(?:'s?\s+time)?"
    rf"|{_NUMBER}\s+{_SPAN}\s+(?:later|ago|from now))"
)
_TIME = rf"(?:{_CLOCK}|(?:{_THIS})*{_PART})"
_AT = r"(?:at|around|about|after|before|from|by|until|till)"
# A bare number is a time of day only after a word that says so.
_BARE = rf"(?:{_AT}\s+{_NUMBER}\b(?!\s*(?:%|[ap]\.?m\b|[:.]\d|{_MONTH}|{_SPAN})))"
_LINK = rf"[\s,]*(?:(?:{_AT}|on|in|of|any ?time|the|between|early|late|the week of)\s+)*"
_ENDS = r"(?!\w|[:/-]\w|\.\d)"
_ATOM = rf"(?:{_DAY}|{_TIME}){_ENDS}"
_STARTS = r"(?<![\w.:/-])"
_PHRASE = re.compile(
    rf"{_STARTS}(?:about\s+|around\s+)?{_ATOM}(?:{_LINK}{_ATOM}|[\s,]+{_BARE})*", re.IGNORECASE
)
_DAY_ONLY = re.compile(rf"{_STARTS}{_DAY}{_ENDS}", re.IGNORECASE)
_TIME_ONLY = re.compile(rf"{_STARTS}(?:{_TIME}{_ENDS}|{_BARE})", re.IGNORECASE)
# Ordinary words where nothing before them says that they are meant.
_AMBIGUOUS = frozenset({"may", "march", "sun", "sat", "mar", "dec", "spring", "fall"})
_NAMED = re.compile(r"\b(?:on|in|for|this|next|last|from|until|by|at)\s+$", re.IGNORECASE)


Part = Literal["day", "time", "both"]


@dataclass(frozen=True, slots=True)
class TimePhrase:
    """A phrase of the message and where it stands.

    Attributes:
        text: as written.
        start: where it begins.
        end: where it ends.
        whole: nothing of the phrase around it is left out.
        part: `day`, `time` or both.
    """

    text: str
    start: int
    end: int
    whole: bool
    part: Part


def time_phrases(text: str) -> Iterator[TimePhrase]:
    """Every phrase, then its day and its time of day by themselves."""
    for match in _PHRASE.finditer(text):
        said = match.group().rstrip(" ,")
        if said.lower() in _AMBIGUOUS and not _is_meant(text, match.start(), said):
            continue
        span = (match.start(), match.start() + len(said))
        days, times = _DAY_ONLY.search(text, *span), _TIME_ONLY.search(text, *span)
        part: Part = "both" if days and times else "day" if days else "time"
        whole = TimePhrase(said, *span, whole=True, part=part)
        yield whole
        yield from (replace(one, part="day") for one in _within(text, _DAY_ONLY, whole))
        yield from (replace(one, part="time") for one in _within(text, _TIME_ONLY, whole))


def _within(text: str, pattern: re.Pattern[str], whole: TimePhrase) -> Iterator[TimePhrase]:
    for match in pattern.finditer(text, whole.start, whole.end):
        if match.end() - match.start() < len(whole.text):
            yield replace(
                whole, text=match.group(), start=match.start(), end=match.end(), whole=False
            )


def _is_meant(text: str, start: int, said: str) -> bool:
    """Whether a word such as "may" stands for a day or a month."""
    return said[0].isupper() or _NAMED.search(text[:start]) is not None
