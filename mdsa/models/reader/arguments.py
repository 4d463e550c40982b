"""Arguments of a tool, filled from what a person wrote by the tool's JSON schema.

Nothing is made up: every value stands in a message or in the facts of the application, or is an
enum member or truth value that the message names. What the schema itself tells apart (a pattern, a
format, an enum, a code) is taken first; other values go where `assignment` scores them highest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mdsa.models.reader.candidates import find_candidates
from mdsa.models.reader.encoder import CachedEncoder
from mdsa.models.reader.filling import Filling
from mdsa.models.reader.matching import exact_values
from mdsa.models.reader.render import label
from mdsa.models.reader.repeats import segments
from mdsa.models.reader.slots import Slot, slots
from mdsa.models.reader.words import content_stems

__all__ = ["Filled", "fill"]

_AGAIN = re.compile(r"\b(?:same|repeat|instead|again|another)\b", re.IGNORECASE)
_LEAST_PARTS = 2


@dataclass(frozen=True, slots=True)
class Filled:
    """What could be filled.

    Attributes:
        args: values by name, typed as the schema asks.
        missing: required names without a value.
        exact: names whose value the schema itself tells apart in the message: by pattern, format,
            enum, code or number.
        identifying: those of them found by pattern, format or code.
        more: arguments of further calls, for a request about several things.
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
    work = Filling(message, find_candidates(message))
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
        if parts := _by_segment(message, properties, work, stems, encoder):
            ordered, others, missing = parts[0], parts[1:], ()
        elif len(made) > 1 and not missing:
            ordered, others = made[0], made[1:]
    return Filled(
        ordered,
        missing,
        frozenset(work.exact),
        identifying,
        tuple(others),
    )


def _by_segment(
    message: str,
    properties: Sequence[Slot],
    whole: Filling,
    stems: frozenset[str],
    encoder: CachedEncoder | None,
) -> list[dict[str, Any]]:
    """One call for each part of the message that fills the same required slots anew; else none.

    What a part leaves open holds on from the part before it, or from the message as a whole.
    """
    flat = _flatten(properties)
    required = {slot.name for slot in flat if slot.required and slot.kind != "boolean"}
    parts: list[Filling] = []
    for text in _joined_segments(message, flat, required, stems, encoder):
        part = _filled(text, flat, stems, encoder)
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
        held |= {name: value for name, value in made[-1].items() if name in varying}
    nested = [_nest(properties, call) for call in made]
    if any(slot.required and slot.name not in call for slot in properties for call in nested):
        return []
    return [call for place, call in enumerate(nested) if call not in nested[:place]]


def _joined_segments(
    message: str,
    flat: Sequence[Slot],
    required: set[str],
    stems: frozenset[str],
    encoder: CachedEncoder | None,
) -> list[str]:
    """Segments put together again as long as none fills a required slot anew."""
    joined: list[str] = []
    open_slots: set[str] = set()
    for text in segments(message):
        own = _filled(text, flat, stems, encoder).sure & required
        if joined and not own & open_slots and not _AGAIN.search(text):
            joined[-1] += f", {text}"
            open_slots |= own
        else:
            joined.append(text)
            open_slots = own
    return joined


def _filled(
    text: str, flat: Sequence[Slot], stems: frozenset[str], encoder: CachedEncoder | None
) -> Filling:
    part = Filling(text, find_candidates(text))
    part.take(flat, {}, stems, encoder)
    return part


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
