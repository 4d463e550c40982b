"""Arguments of a tool, filled from what a person wrote by the tool's JSON schema.

Nothing is made up: every value stands in a message or in the facts of the application, or is an
enum member or truth value that the message names. What the schema itself tells apart (a pattern, a
format, an enum, a code) is taken first; other values go where `assignment` scores them highest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from mdsa.models.reader.assignment import Assignment, assign_numbers, assign_texts
from mdsa.models.reader.candidates import Candidate, find_candidates
from mdsa.models.reader.coordination import coordinated
from mdsa.models.reader.encoder import CachedEncoder
from mdsa.models.reader.matching import ID_WORDS, exact_values, format_by_name
from mdsa.models.reader.numeric import fits, overlaps, typed
from mdsa.models.reader.render import label
from mdsa.models.reader.rendering import as_written
from mdsa.models.reader.repeats import records, repeated, segments
from mdsa.models.reader.slots import Slot, slots
from mdsa.models.reader.values import Found, numbers
from mdsa.models.reader.words import content_stems

__all__ = ["Filled", "fill"]

_AGAIN = re.compile(r"\b(?:same|repeat|instead|again|another)\b", re.IGNORECASE)
_SURE = 0.0
_LEAST_PARTS = 2
_FREE_TEXT_NAMES = """
query question search message text description details detail reason comment body note notes
summary subject topic issue problem content prompt request sentence
"""
_FREE_TEXT = frozenset(_FREE_TEXT_NAMES.split())


@dataclass(frozen=True, slots=True)
class Filled:
    """What could be filled.

    Attributes:
        args: values by name, typed as the schema asks.
        missing: required names without a value.
        exact: names whose value the schema itself tells apart in the message: by pattern, format,
            enum, code or number.
        identifying: those of them found by pattern, format or code.
        more: further values of the one identifier, for a request about several things.
    """

    args: dict[str, Any]
    missing: tuple[str, ...] = ()
    exact: frozenset[str] = frozenset()
    identifying: frozenset[str] = frozenset()
    more: tuple[dict[str, Any], ...] = field(default=())


def fill(
    parameters: Mapping[str, Any],
    message: str,
    *,
    facts: Mapping[str, str] | None = None,
    earlier: Sequence[str] = (),
    encoder: CachedEncoder | None = None,
    tool: str = "",
) -> Filled:
    """Fill a tool's arguments.

    Args:
        parameters: the tool's JSON schema.
        message: what the person asks now.
        facts: what the application knows, by name; used where the message says nothing.
        earlier: earlier messages, oldest first; searched last, for exact values only.
        encoder: tells which value is of an argument's kind; without it only words do.
        tool: the tool's name; its words are seldom values.
    """
    properties = slots(parameters)
    flat = _flatten(properties)
    stems = frozenset(content_stems(label(tool)))
    work = _Work(message, find_candidates(message))
    work.take(flat, facts or {}, stems, encoder)
    for slot in flat:
        if slot.name not in work.args and slot.required and slot.kind != "boolean":
            for text in reversed(earlier):
                sharp = exact_values(slot, text)
                if sharp:
                    values = [item.value for item in sharp]
                    work.args[slot.name] = values if slot.kind == "array" else values[0]
                    break
    args = _nest(properties, work.args)
    identifying = frozenset(
        s.name
        for s in flat
        if s.name in work.exact and s.kind == "string" and not s.schema.get("enum")
    )
    missing = tuple(slot.name for slot in properties if slot.required and slot.name not in args)
    ordered = {slot.name: args[slot.name] for slot in properties if slot.name in args}
    others = [{**ordered, **item} for item in work.more]
    made = [_nest(properties, call) for call in work.calls(flat)]
    if not others:
        made = _by_segment(message, properties, work, stems, encoder) or made
        if len(made) > 1:
            ordered, others = made[0], made[1:]
            missing = ()
    return Filled(ordered, missing, frozenset(work.exact), identifying, tuple(others))


def _by_segment(
    message: str,
    properties: Sequence[Slot],
    whole: _Work,
    stems: frozenset[str],
    encoder: CachedEncoder | None,
) -> list[dict[str, Any]]:
    """One call for each part of the message that fills the same required slots anew; else none.

    What a part leaves open holds on from the part before it, or from the message as a whole.
    """
    flat = _flatten(properties)
    required = {slot.name for slot in flat if slot.required and slot.kind != "boolean"}
    parts: list[_Work] = []
    for text in segments(message):
        part = _Work(text, find_candidates(text))
        part.take(flat, {}, stems, encoder)
        filled = len(part.sure & required)
        if filled > len(required) / 2 or (filled and _AGAIN.search(text)):
            parts.append(part)
    if len(parts) < _LEAST_PARTS or not set.intersection(*(p.sure & required for p in parts)):
        return []
    made: list[dict[str, Any]] = []
    held: dict[str, Any] = {}
    varying = set().union(*(part.sure for part in parts))
    common = {name: value for name, value in whole.args.items() if name not in varying}
    for part in parts:
        own = part.calls(flat) or [part.args]
        for call in own:
            given = {n: v for n, v in call.items() if n in part.sure or n in part.exact}
            made.append({**common, **call, **held, **given})
        held |= {name: value for name, value in made[-1].items() if name in varying & required}
    if any(required - call.keys() for call in made):
        return []
    nested = [_nest(properties, call) for call in made]
    return [call for place, call in enumerate(nested) if call not in nested[:place]]


@dataclass
class _Work:
    """What is filled so far."""

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

    def take_exact(self, properties: Sequence[Slot]) -> None:
        """What pattern, format, enum and shape of a code tell apart."""
        for slot in sorted(properties, key=_order):
            if slot.kind in ("integer", "number", "object") or _is_number_list(slot):
                continue
            sharp = [f for f in exact_values(slot, self.text) if not overlaps(f, self.used)]
            if not sharp:
                continue
            self.exact.add(slot.name)
            if slot.kind == "array":
                self.args[slot.name] = [item.value for item in sharp]
                self.used += [(item.start, item.end) for item in sharp]
                continue
            self.args[slot.name] = sharp[0].value
            if slot.kind != "boolean":
                # A word that says yes to one thing may be the value of another.
                self.used += [(item.start, item.end) for item in sharp]
            values = list(dict.fromkeys(found.value for found in sharp))[1:]
            if slot.required and not slot.schema.get("enum") and slot.kind == "string":
                self.more = self.more or [{slot.name: value} for value in values]

    def take_numbers(self, properties: Sequence[Slot], encoder: CachedEncoder | None) -> None:
        """Numbers, to the slots whose words and units stand beside them."""
        numeric = [slot for slot in properties if slot.kind in ("integer", "number")]
        found = assign_numbers(numeric, self.candidates, self.text, self.used, encoder)
        for slot in numeric:
            if (one := found.chosen.get(slot.name)) is not None:
                self.args[slot.name] = _number(slot, one, self.text)
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
        candidates = [one for one in self.candidates if one.kind != "number"]
        found = assign_texts(loose, candidates, self.text, self.used, tool, encoder)
        for slot in loose:
            if (one := found.chosen.get(slot.name)) is not None:
                self.args[slot.name] = as_written(slot, one)
                self.used.append((one.start, one.end))
                self.chosen[slot.name] = one
                self.odds[slot.name] = found.score(slot.name, one)
            elif slot.required and set(slot.name_words) & _FREE_TEXT:
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
                    name: _number(slot_of[name], one, self.text)
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
        for slot in properties:
            if slot.kind == "array" and slot.name not in self.args:
                items = slot.schema.get("items") or {}
                inner = Slot(
                    slot.name,
                    str(items.get("type", "string")),
                    {**items, "description": slot.schema.get("description", "")},
                    slot.required,
                )
                if inner.kind in ("integer", "number"):
                    pool = [c for c in self.candidates if c.kind == "number"]
                    found = assign_numbers([inner], pool, self.text, self.used, encoder)
                else:
                    pool = [c for c in self.candidates if c.kind != "number"]
                    found = assign_texts([inner], pool, self.text, self.used, tool, encoder)
                if (one := found.chosen.get(slot.name)) is not None:
                    free = [
                        c for c in pool if not overlaps(Found(c.value, c.start, c.end), self.used)
                    ]
                    score = partial(found.score, slot.name)
                    values = coordinated(self.text, one, free, score)
                    self.args[slot.name] = [
                        _number(inner, c, self.text) if c.kind == "number" else c.value
                        for c in values
                    ]
                    self.used += [(c.start, c.end) for c in values]


def _is_number_list(slot: Slot) -> bool:
    items = slot.schema.get("items") or {}
    return slot.kind == "array" and items.get("type") in ("integer", "number", "float")


def _may_be_loose(slot: Slot) -> bool:
    """Whether words around a value may point to it, where the schema does not tell it apart."""
    words = set(slot.name_words)
    if any(key in slot.schema for key in ("enum", "format", "pattern")) or words & ID_WORDS:
        return False
    return format_by_name(words) in ("", "date") and not {"key", "token", "password"} & (
        words if len(words) > 1 else set()
    )


def _number(slot: Slot, one: Candidate, text: str) -> int | float:
    """A number as its slot wants it; "5%" is 0.05 for a rate that is no whole number."""
    value = typed(slot, Found(one.value, one.start, one.end))
    said = str(slot.schema.get("description", "")).lower()
    percent = "%" in text[one.start : one.end + 2]
    if percent and slot.kind == "number" and not re.search(r"percent(?!.*decimal)", said):
        return round(value / 100, 12)
    return value


def _flatten(properties: Sequence[Slot], prefix: str = "") -> list[Slot]:
    """Slots of nested objects beside the others, their names joined by a dot."""
    found: list[Slot] = []
    for slot in properties:
        name = f"{prefix}{slot.name}"
        if slot.kind == "object" and slot.schema.get("properties"):
            found += _flatten(slots(slot.schema), f"{name}.")
        else:
            found.append(Slot(name, slot.kind, slot.schema, slot.required and not prefix))
    return found


def _nest(properties: Sequence[Slot], flat: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    args: dict[str, Any] = {}
    for slot in properties:
        name = f"{prefix}{slot.name}"
        if slot.kind == "object" and slot.schema.get("properties"):
            inner = _nest(slots(slot.schema), flat, f"{name}.")
            if inner:
                args[slot.name] = inner
        elif name in flat:
            args[slot.name] = flat[name]
    return args


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
        sharp = any(key in slot.schema for key in ("pattern", "enum", "format"))
        values = [f.value for f in exact_values(slot, text)]
        return values[0] if values else (None if sharp else text)
    return None
