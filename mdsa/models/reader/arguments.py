"""Arguments of a tool, filled from what a person wrote by the tool's JSON schema.

Nothing is made up: every value stands in a message or in the facts of the application, or is an
enum member or truth value that the message names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mdsa.models.reader.matching import ID_WORDS, exact_values, format_by_name
from mdsa.models.reader.numeric import fill_numbers, fits, overlaps, typed
from mdsa.models.reader.slots import Slot, slots
from mdsa.models.reader.values import Found, names, numbers, quotations

__all__ = ["Filled", "fill"]

_FREE_TEXT_NAMES = """
query question search message text description details detail reason comment body note notes
summary subject topic issue problem content prompt request sentence
"""
_FREE_TEXT = frozenset(_FREE_TEXT_NAMES.split())
_PLACE_NAMES = """
city location place country state region address area town origin destination venue where from to
"""
_PLACE_WORDS = frozenset(_PLACE_NAMES.split())
_REASON = re.compile(r"\b(?:because|since|as)\s+(.+?)[.!?]?$", re.IGNORECASE)


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
) -> Filled:
    """Fill a tool's arguments.

    Args:
        parameters: the tool's JSON schema.
        message: what the person asks now.
        facts: what the application knows, by name; used where the message says nothing.
        earlier: earlier messages, oldest first; searched last, for exact values only.
    """
    args: dict[str, Any] = {}
    exact: set[str] = set()
    more: list[dict[str, Any]] = []
    used: list[tuple[int, int]] = []
    properties = slots(parameters)
    numeric = [slot for slot in properties if slot.kind in ("integer", "number")]
    for slot in sorted(properties, key=_order):
        if slot in numeric:
            continue
        sharp = [f for f in exact_values(slot, message) if not overlaps(f, used)]
        if sharp:
            exact.add(slot.name)
            if slot.kind == "array":
                args[slot.name] = [item.value for item in sharp]
                used += [(item.start, item.end) for item in sharp]
                continue
            args[slot.name] = sharp[0].value
            used += [(item.start, item.end) for item in sharp]
            values = list(dict.fromkeys(found.value for found in sharp))[1:]
            if slot.required and not slot.schema.get("enum") and slot.kind == "string":
                more = more or [{slot.name: value} for value in values]
    args |= fill_numbers(numeric, message, used)
    exact |= {slot.name for slot in numeric if slot.name in args}
    for slot in sorted(properties, key=_order):
        if slot.name not in args and (known := _from_facts(slot, facts or {})) is not None:
            args[slot.name] = known
    for slot in properties:
        if slot.name not in args and slot.kind == "string":
            loose = _loose(slot, message, used)
            if loose is not None:
                args[slot.name] = loose.value
                used.append((loose.start, loose.end))
    for slot in properties:
        if slot.name not in args and slot.required and slot.kind != "boolean":
            for text in reversed(earlier):
                sharp = exact_values(slot, text)
                if sharp:
                    values = [item.value for item in sharp]
                    args[slot.name] = values if slot.kind == "array" else values[0]
                    break
    identifying = frozenset(
        s.name
        for s in properties
        if s.name in exact and s.kind == "string" and not s.schema.get("enum")
    )
    missing = tuple(slot.name for slot in properties if slot.required and slot.name not in args)
    ordered = {slot.name: args[slot.name] for slot in properties if slot.name in args}
    others = tuple({**ordered, **item} for item in more)
    return Filled(ordered, missing, frozenset(exact), identifying, others)


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


def _loose(slot: Slot, text: str, used: Sequence[tuple[int, int]]) -> Found | None:
    """A value that the words around it point to: a quotation, "called X", a name, free text."""
    schema = slot.schema
    words = slot.name_words
    if any(key in schema for key in ("enum", "format")) or set(words) & ID_WORDS:
        return None
    if format_by_name(set(words)):
        return None
    if set(words) & {"reason"} and (why := _REASON.search(text)):
        return Found(why.group(1).strip(), *why.span(1))
    quoted = [f for f in quotations(text) if not overlaps(f, used)]
    if quoted:
        return quoted[0]
    if set(words) & _FREE_TEXT:
        return Found(text.strip(), len(text), len(text)) if slot.required else None
    proper = [f for f in names(text) if not overlaps(f, used)]
    if cued := _cued(words, text, proper):
        return cued
    if not slot.required or not proper:
        return None
    if set(words) & _PLACE_WORDS:
        placed = [
            f
            for f in proper
            if re.search(r"\b(?:in|at|for|near|to|of)\s+(?:the\s+)?$", text[: f.start])
        ]
        return (placed or proper)[0]
    return proper[0]


def _cued(words: Sequence[str], text: str, proper: Sequence[Found]) -> Found | None:
    """The name after its own property word, or after the preposition that the property is."""
    direction = {"origin": "from", "source": "from", "start": "from", "departure": "from"}
    direction |= {"destination": "to", "target": "to", "end": "to", "arrival": "to"}
    cues = [*words, *(direction[word] for word in words if word in direction)]
    for found in proper:
        before = text[: found.start].lower()
        if any(
            re.search(rf"\b{re.escape(cue)}\s*(?:is|:|=|of|called|named)?\s*(?:the\s+)?$", before)
            for cue in cues
        ):
            return found
    return None
