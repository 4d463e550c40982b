"""A tool's arguments as they are being filled: the sharpest values first, each value once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any

from mdsa.models.reader.assignment import Assignment, assign_numbers, assign_texts
from mdsa.models.reader.candidates import Candidate
from mdsa.models.reader.code_shapes import code_shapes
from mdsa.models.reader.coordination import coordinated, joined
from mdsa.models.reader.date_slots import asks_for_date, texts_for
from mdsa.models.reader.encoder import CachedEncoder
from mdsa.models.reader.matching import ID_WORDS, exact_values, format_of
from mdsa.models.reader.number_lists import assign_number_lists
from mdsa.models.reader.numeric import fits, overlaps, typed
from mdsa.models.reader.option_meaning import option_meant
from mdsa.models.reader.rendering import as_date, as_number, as_written
from mdsa.models.reader.repeats import alike, records, repeated, repeats
from mdsa.models.reader.slots import Slot
from mdsa.models.reader.value_context import closed_options
from mdsa.models.reader.values import Found, numbers

__all__ = ["Filling"]

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_SURE = 0.0
"""Log-odds from which a value stands in the message plainly."""
_FREE_TEXT_NAMES = """
query question search message text description details detail reason comment body note notes
summary subject topic issue problem content prompt request sentence
"""
_FREE_TEXT = frozenset(_FREE_TEXT_NAMES.split())


@dataclass
class Filling:
    """What is filled so far.

    Attributes:
        text: the message, or a part of it.
        candidates: its values.
        args: values by the slot's name; slots of nested objects have dots in theirs.
        exact: names whose value the schema itself tells apart.
        more: further values of an identifier.
        used: where values were taken from.
        chosen: the candidate behind a value.
        several: all values of slots that have several.
        odds: log-odds of a chosen candidate.
    """

    text: str
    candidates: list[Candidate]
    args: dict[str, Any] = field(default_factory=dict)
    exact: set[str] = field(default_factory=set)
    more: list[dict[str, Any]] = field(default_factory=list)
    used: list[tuple[int, int]] = field(default_factory=list)
    chosen: dict[str, Candidate] = field(default_factory=dict)
    several: dict[str, list[Candidate]] = field(default_factory=dict)
    odds: dict[str, float] = field(default_factory=dict)

    @property
    def sure(self) -> set[str]:
        """Slots whose value stands there plainly: told apart by the schema, or well scored."""
        scored = {name for name, odds in self.odds.items() if odds >= _SURE}
        return scored | {name for name in self.exact if name not in self.odds}

    def take(
        self,
        properties: Sequence[Slot],
        facts: Mapping[str, str],
        tool: frozenset[str],
        encoder: CachedEncoder | None,
    ) -> None:
        """Everything in its order: the sharpest first."""
        self.take_exact(properties)
        self.take_numbers(properties, encoder)
        for slot in sorted(properties, key=_order):
            if slot.name not in self.args and (known := _from_facts(slot, facts)) is not None:
                self.args[slot.name] = known
        self.take_texts(properties, tool, encoder)
        self.take_lists(properties, tool, encoder)
        self.take_meant(properties, encoder)

    def take_meant(self, properties: Sequence[Slot], encoder: CachedEncoder | None) -> None:
        """Options that a tool needs, where the message means one without naming it."""
        for slot in properties:
            options = slot.schema.get("enum") or ()
            wanted = slot.required and slot.kind == "string" and slot.name not in self.args
            if not encoder or not wanted or not all(isinstance(one, str) for one in options):
                continue
            if (one := option_meant(options, self.text, encoder)) is not None:
                self.args[slot.name] = one.value

    def take_exact(self, properties: Sequence[Slot]) -> None:
        """What pattern, format, enum and shape of a code tell apart."""
        days = [slot for slot in properties if _is_day(slot)]
        for slot in sorted(properties, key=_order):
            if slot.kind in ("integer", "number", "object") or _is_number_list(slot):
                continue
            if slot in days and len(days) > 1:
                continue  # which date is which, the words around them tell
            sharp = [f for f in exact_values(slot, self.text) if not overlaps(f, self.used)]
            if not sharp:
                continue
            self.exact.add(slot.name)
            if slot.kind == "array":
                self.args[slot.name] = [item.value for item in sharp]
                self.used += [(item.start, item.end) for item in sharp]
                continue
            self.args[slot.name] = _in_form(slot, sharp[0].value)
            if slot.kind != "boolean":
                # A word that says yes to one thing may be the value of another.
                self.used += [(item.start, item.end) for item in sharp]
            if slot.kind == "string" and _options_of(slot):
                self._repeat_options(slot, sharp)
            values = [v for v in dict.fromkeys(f.value for f in sharp) if _alike(v, sharp[0].value)]
            values = values[1:]
            if slot.required and not _options_of(slot) and slot.kind == "string":
                self.more = self.more or [{slot.name: value} for value in values]

    def take_numbers(self, properties: Sequence[Slot], encoder: CachedEncoder | None) -> None:
        """Numbers, to the slots whose words and units stand beside them."""
        numeric = [slot for slot in properties if slot.kind in ("integer", "number")]
        found = assign_numbers(numeric, self.candidates, self.text, self.used, encoder)
        for slot in numeric:
            if (one := found.chosen.get(slot.name)) is not None:
                self.args[slot.name] = as_number(slot, one, self.text)
                self.exact.add(slot.name)
                self.used.append((one.start, one.end))
                self.chosen[slot.name] = one
                self.odds[slot.name] = found.score(slot.name, one)
        self._repeat(numeric, found)

    def take_texts(
        self, properties: Sequence[Slot], tool: frozenset[str], encoder: CachedEncoder | None
    ) -> None:
        """Names, quotations and phrases, where they fit best."""
        wordy = [slot for slot in properties if slot.kind == "string"]
        loose = [slot for slot in wordy if slot.name not in self.args and _may_be_loose(slot)]
        candidates = texts_for(loose, self.candidates)
        found = assign_texts(loose, candidates, self.text, self.used, tool, encoder)
        for slot in loose:
            if (one := found.chosen.get(slot.name)) is not None:
                self.args[slot.name] = as_written(slot, one)
                self.used.append((one.start, one.end))
                self.chosen[slot.name] = one
                self.odds[slot.name] = found.score(slot.name, one)
            elif slot.required and set(slot.name_words) & _FREE_TEXT and not asks_for_date(slot):
                self.args[slot.name] = self.text.strip()
        self._repeat(loose, found)

    def _repeat(self, properties: Sequence[Slot], found: Assignment) -> None:
        """Note further values of the same slots, for further calls."""
        if not found.chosen:
            return
        own = {(one.start, one.end) for one in found.chosen.values()}
        others = [span for span in self.used if span not in own]
        for name, values in repeated(self.text, properties, found, others).items():
            self.several[name] = values
            self.used += [(one.start, one.end) for one in values]

    def _repeat_options(self, slot: Slot, found: Sequence[Found]) -> None:
        """Note several options of one slot, for further calls: "in copper and in aluminum"."""
        unique = {str(one.value): one for one in reversed(found)}
        values = sorted(
            (Candidate(one.value, one.start, one.end, "phrase") for one in unique.values()),
            key=lambda one: one.start,
        )
        if len(values) > 1 and all(
            joined(self.text, one, other) or (repeats(self.text) and alike(self.text, one, other))
            for one, other in pairwise(values)
        ):
            self.several[slot.name] = values

    def calls(self, properties: Sequence[Slot]) -> list[dict[str, Any]]:
        """Flat arguments of every further call."""
        if not self.several:
            return []
        slot_of = {slot.name: slot for slot in properties}
        shared = {name: one for name, one in self.chosen.items() if name not in self.several}
        made = records(self.text, self.several, shared)
        return [
            {
                **self.args,
                **{
                    name: as_number(slot_of[name], one, self.text)
                    if one.kind == "number"
                    else as_written(slot_of[name], one)
                    for name, one in record.items()
                },
            }
            for record in made
        ]

    def take_lists(
        self, properties: Sequence[Slot], tool: frozenset[str], encoder: CachedEncoder | None
    ) -> None:
        """Values that stand beside one another."""
        items = [
            Slot(
                slot.name,
                str(slot.items.get("type", "string")),
                {**slot.items, "description": slot.schema.get("description", "")},
                slot.required,
            )
            for slot in properties
            if slot.kind == "array" and slot.name not in self.args
        ]
        numeric = [item for item in items if item.kind in ("integer", "number")]
        lists = assign_number_lists(numeric, self.candidates, self.text, self.used, encoder)
        for item in numeric:
            if values := lists.get(item.name):
                self.args[item.name] = [as_number(item, one, self.text) for one in values]
                self.used += [(one.start, one.end) for one in values]
                if len(values) > 1:
                    self.exact.add(item.name)
        for item in items:
            if item not in numeric:
                self._take_texts_of(item, tool, encoder)

    def _take_texts_of(
        self, item: Slot, tool: frozenset[str], encoder: CachedEncoder | None
    ) -> None:
        pool = texts_for([item], self.candidates)
        found = assign_texts([item], pool, self.text, self.used, tool, encoder)
        if (one := found.chosen.get(item.name)) is None:
            return
        free = [c for c in pool if not overlaps(Found(c.value, c.start, c.end), self.used)]
        values = coordinated(self.text, one, free, partial(found.score, item.name), ranges=True)
        self.args[item.name] = [as_written(item, one) for one in values]
        self.used += [(one.start, one.end) for one in values]


def _in_form(slot: Slot, value: Any) -> Any:
    """A date as the description wants it, where no format of the schema says otherwise."""
    if isinstance(value, str) and _ISO.fullmatch(value) and "format" not in slot.schema:
        return as_date(value, slot.description)
    return value


def _options_of(slot: Slot) -> Sequence[Any]:
    """The only values of a slot, by its schema or its description; empty where it takes any."""
    listed: Sequence[Any] = slot.schema.get("enum") or ()
    return listed or closed_options(slot.description)


def _alike(one: Any, other: Any) -> bool:
    """Whether both are plain digits or neither: beside "XY-1234", "2018" is a year."""
    return str(one).isdigit() == str(other).isdigit()


def _is_day(slot: Slot) -> bool:
    """Whether a slot takes a date by its name alone."""
    told_apart = any(key in slot.schema for key in ("enum", "format", "pattern"))
    return slot.kind == "string" and not told_apart and format_of(slot) == "date"


def _is_number_list(slot: Slot) -> bool:
    return slot.kind == "array" and slot.items.get("type") in ("integer", "number", "float")


def _may_be_loose(slot: Slot) -> bool:
    """Whether words around a value may point to it, where the schema does not tell it apart."""
    words = set(slot.name_words)
    if any(key in slot.schema for key in ("enum", "format", "pattern")) or words & ID_WORDS:
        return False
    if _options_of(slot):
        return False
    if code_shapes(slot.description):
        return False
    return format_of(slot) in ("", "date") and not {"key", "token", "password"} & (
        words if len(words) > 1 else set()
    )


def _order(slot: Slot) -> tuple[bool, bool, bool]:
    """Sharpest schema first, so that a loose one does not take its value."""
    schema = slot.schema
    return ("pattern" not in schema, "format" not in schema, "enum" not in schema)


def _from_facts(slot: Slot, facts: Mapping[str, str]) -> Any:
    wanted = re.sub(r"[\W_]", "", slot.name).lower()
    for name, text in facts.items():
        if re.sub(r"[\W_]", "", name).lower() != wanted:
            continue
        if slot.kind in ("integer", "number"):
            found = [f for f in numbers(text) if fits(slot, f)]
            return typed(slot, found[0]) if found else None
        if slot.kind == "boolean":
            return {"true": True, "yes": True, "false": False, "no": False}.get(text.lower())
        if slot.kind != "string":
            return None
        sharp = asks_for_date(slot) or any(
            key in slot.schema for key in ("pattern", "enum", "format")
        )
        values = [f.value for f in exact_values(slot, text)]
        return values[0] if values else (None if sharp else text)
    return None
