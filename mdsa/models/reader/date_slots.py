"""Slots that take a date, and what they take for one."""

from __future__ import annotations

import re

from mdsa.models.reader.candidates import Candidate
from mdsa.models.reader.rendering import spells_out_date
from mdsa.models.reader.slots import Slot

__all__ = ["admits", "asks_for_date"]

_DATE_WORDS = frozenset({"birthdate", "birthday", "date", "dates", "dob"})
# `date_range` and `date_format` are told in words; `date_id` is no date.
_NOT_ONE_DATE = frozenset(
    {"count", "duration", "field", "format", "id", "interval", "name", "period", "range"}
    | {"time", "type"}
)
_FORMATS = frozenset({"date", "date-time"})


def asks_for_date(slot: Slot) -> bool:
    """Whether a slot's format, description (`YYYY-MM-DD`) or name says that it takes a date."""
    kinds = {str(schema.get("format", "")) for schema in (slot.schema, slot.items)}
    if kinds & _FORMATS or spells_out_date(str(slot.schema.get("description", ""))):
        return True
    words = set(re.findall(r"[a-z]+", " ".join(slot.name_words)))
    return bool(words & _DATE_WORDS) and not words & _NOT_ONE_DATE


def admits(slot: Slot, one: Candidate) -> bool:
    """Whether a candidate may go to a slot: to one for a date, whole calendar dates only."""
    return one.kind == "date" or not asks_for_date(slot)
