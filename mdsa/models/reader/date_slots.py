"""Slots that take a date, and what they take for one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from mdsa.models.reader.candidates import Candidate
from mdsa.models.reader.rendering import spells_out_date
from mdsa.models.reader.slots import Slot

__all__ = ["admits", "as_said", "asks_for_date", "moment_wanted", "texts_for", "wants_words"]

_DATE_WORDS = frozenset({"birthdate", "birthday", "date", "dates", "dob"})
# `date_range` and `date_format` are told in words; `date_id` is no date.
_NOT_ONE_DATE = frozenset(
    {"count", "duration", "field", "format", "id", "interval", "name", "period", "range"}
    | {"time", "type"}
)
_AS_SAID = re.compile(
    r"\bas (?:said|given|written|described|the \w+ (?:says?|gives?|calls?|puts?|describes?)\b)"
    r"|\bfree text\b|\bin (?:the|their|his|her|your|own)\b.{0,25}\bwords\b",
    re.IGNORECASE,
)
Moment = Literal["day", "time", "both"]
_DAYS = frozenset(
    {"arrival", "birthday", "birth", "date", "dates", "day", "departure", "dob", "month", "week"}
    | {"year"}
)
_TIMES = frozenset({"time", "clock"})
_MOMENTS = frozenset({"when", "start", "starts", "since", "until", "begin"})
_FREE = frozenset(
    {
        "reason",
        "fault",
        "problem",
        "note",
        "remarks",
        "description",
        "details",
        "purpose",
        "concern",
    }
    | {"issue", "complaint", "task", "wish", "message", "comment", "project", "topic", "diet"}
)
_NO_MOMENT = frozenset({"count", "duration", "format", "id", "name", "number", "type", "zone"})
_FORMATS = frozenset({"date", "date-time"})


def asks_for_date(slot: Slot) -> bool:
    """Whether a slot's format, description (`YYYY-MM-DD`) or name says that it takes a date."""
    kinds = {str(schema.get("format", "")) for schema in (slot.schema, slot.items)}
    if kinds & _FORMATS or spells_out_date(slot.description):
        return True
    words = set(re.findall(r"[a-z]+", " ".join(slot.name_words)))
    if as_said(slot):
        return False
    return bool(words & _DATE_WORDS) and not words & _NOT_ONE_DATE


def as_said(slot: Slot) -> bool:
    """Whether a description asks for the words of the message: "free text", "as said"."""
    return _AS_SAID.search(slot.description) is not None


def moment_wanted(slot: Slot, others: Sequence[Slot]) -> Moment | None:
    """Which part of "Friday at seven" a slot takes; None where it asks for no day and no time.

    A slot for the day takes the time of day as well where no other slot asks for that.
    """
    wanted = _moment(slot)
    if wanted is None:
        return None
    left = {_moment(other) for other in others if other.name != slot.name}
    if wanted == "day":
        return "day" if "time" in left else "both"
    if wanted == "time":
        return "time" if left & {"day", "both"} else "both"
    return wanted


def _moment(slot: Slot) -> Moment | None:
    words = set(re.findall(r"[a-z]+", " ".join(slot.name_words)))
    if words & _NO_MOMENT or slot.kind != "string":
        return None
    told = slot.description.lower() if as_said(slot) else ""
    told_words = set(re.findall(r"[a-z]+", told))
    day, time = words & _DAYS, words & _TIMES
    if words & _MOMENTS or (day and time):
        return "both"
    if not day and not time:
        day, time = told_words & _DAYS, told_words & _TIMES
        if told_words & _MOMENTS and told.startswith(("when", "since when", "from when")):
            return "both"
    if time:
        return "both" if told_words & {"day", "date"} else "time"
    return "day" if day else None


def admits(slot: Slot, one: Candidate) -> bool:
    """Whether a candidate may go to a slot: to one for a date, whole calendar dates only.

    A date goes as it is said to a slot that asks for the words of the message, and a clause goes
    only to such a slot.
    """
    if one.kind == "clause":
        return wants_words(slot)
    if one.kind == "date":
        return not as_said(slot)
    return not asks_for_date(slot)


def wants_words(slot: Slot) -> bool:
    """Whether a slot takes what someone says in their own words, other than a day or a time."""
    if slot.kind != "string" or _moment(slot) is not None:
        return False
    return as_said(slot) or bool(set(slot.name_words) & _FREE)


def texts_for(slots: Sequence[Slot], candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates that are no numbers, with clauses only where a slot takes them."""
    words = any(wants_words(slot) for slot in slots)
    return [one for one in candidates if one.kind != "number" and (words or one.kind != "clause")]
