"""A value of the message in the form that its argument's description asks for."""

from __future__ import annotations

import re
from datetime import date

from mdsa.models.reader.candidates import Candidate
from mdsa.models.reader.numeric import typed
from mdsa.models.reader.render import label
from mdsa.models.reader.slots import Slot
from mdsa.models.reader.standard_names import as_code
from mdsa.models.reader.units import convert
from mdsa.models.reader.value_context import options
from mdsa.models.reader.values import Found
from mdsa.models.reader.words import content_stems

__all__ = ["as_date", "as_number", "as_written", "spells_out_date"]

_LETTERS = re.compile(
    r"\b(?:y{2,4}|m{1,2}|d{1,2})(?:[-/. ](?:y{2,4}|m{1,2}|d{1,2})){2}\b", re.IGNORECASE
)
_WORDS = re.compile(r"\b(?:year|month|day)(?:[-/](?:year|month|day)){2}\b", re.IGNORECASE)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")


def as_written(slot: Slot, one: Candidate) -> str:
    """The value's text: a date in the format described, an option as it is spelled there."""
    said = one.text
    description = slot.description
    if one.kind == "date" and _ISO.fullmatch(said):
        return as_date(said, description)
    given = options(description)
    for part in said.split("-") if "-" in said else ():
        if part in given:  # "a gas-powered vehicle"
            return part
    stems = content_stems(label(said))
    for option in given:
        if stems and content_stems(label(option)) == stems and option.lower() != said.lower():
            return option
    return as_code(said, slot.name_words, given)


def as_date(iso: str, description: str) -> str:
    """An ISO date in the format that a description spells out, such as MM-DD-YYYY."""
    found = _spelled(description)
    if found is None:
        return iso
    day = date.fromisoformat(iso)
    parts = {"y": f"{day.year:04d}", "m": f"{day.month:02d}", "d": f"{day.day:02d}"}
    return re.sub(r"[a-zA-Z]+", lambda word: parts[word.group()[0].lower()], found.group())


def spells_out_date(description: str) -> bool:
    """Whether a description spells out a format of dates, such as MM-DD-YYYY."""
    return _spelled(description) is not None


def _spelled(description: str) -> re.Match[str] | None:
    return _LETTERS.search(description) or _WORDS.search(description)


def as_number(slot: Slot, one: Candidate, text: str) -> int | float:
    """A number as its slot wants it: in its unit, and "5%" as 0.05 for a rate that is a float."""
    value = typed(slot, Found(one.value, one.start, one.end))
    said = slot.description.lower()
    percent = "%" in text[one.start : one.end + 2]
    if percent and slot.kind == "number" and not re.search(r"percent(?!.*decimal)", said):
        return round(value / 100, 12)
    return convert(slot, value, text[one.end :])
