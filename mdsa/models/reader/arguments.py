"""Arguments of a tool, filled from what a person wrote by the tool's JSON schema.

Nothing is made up: every value stands in a message or in the facts of the application, or is an
enum member or truth value that the message names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from mdsa.models.reader.render import label
from mdsa.models.reader.values import (
    Found,
    codes,
    formatted,
    names,
    numbers,
    quotations,
)
from mdsa.models.reader.words import STOP_WORDS, content_stems, stem, tokens

__all__ = ["Filled", "Slot", "fill", "slots"]

_FREE_TEXT_NAMES = """
query question search message text description details detail reason comment body note notes
summary subject topic issue problem content prompt request sentence
"""
_FREE_TEXT = frozenset(_FREE_TEXT_NAMES.split())
_ID_WORDS = {"code", "id", "identifier", "key", "no", "number", "ref", "reference", "serial", "sku"}
_PLACE_NAMES = """
city location place country state region address area town origin destination venue where from to
"""
_PLACE_WORDS = frozenset(_PLACE_NAMES.split())
# `email_count` and `address_type` hold no e-mail or postal address.
_NOT_THE_THING = {"count", "format", "id", "ip", "name", "type"}
_EXAMPLE = re.compile(r"\b[A-Z]{1,6}[-_]?\d{2,}\b")
_NEGATION = re.compile(r"\b(?:no|not|don't|do not|without|never|off|stop)\b", re.IGNORECASE)
_REASON = re.compile(r"\b(?:because|since|as)\s+(.+?)[.!?]?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Slot:
    """One property of a tool's parameters, with optional and nullable forms resolved.

    Attributes:
        name: property name.
        kind: JSON type: string, integer, number, boolean, array or object.
        schema: the resolved property schema.
        required: whether the tool needs it.
    """

    name: str
    kind: str
    schema: Mapping[str, Any]
    required: bool

    @property
    def words(self) -> set[str]:
        """Stems of the name and the description."""
        text = f"{label(self.name)} {self.schema.get('description', '')}"
        return set(content_stems(text))

    @property
    def name_words(self) -> list[str]:
        """The name's words, in lower case."""
        return label(self.name).lower().split()


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


def slots(parameters: Mapping[str, Any]) -> list[Slot]:
    """The properties of an object schema."""
    required = set(parameters.get("required", ()))
    definitions = parameters.get("$defs", {})
    found = []
    for name, schema in parameters.get("properties", {}).items():
        resolved = _resolve(schema, definitions)
        kind = resolved.get("type", "string")
        if isinstance(kind, list):
            kind = next((k for k in kind if k != "null"), "string")
        kind = {"dict": "object", "float": "number", "tuple": "array"}.get(kind, kind)
        found.append(Slot(name, kind, resolved, name in required))
    return found


def _resolve(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    resolved = dict(schema)
    if "$ref" in resolved:
        resolved |= definitions.get(str(resolved.pop("$ref")).rsplit("/", 1)[-1], {})
    for key in ("anyOf", "oneOf", "allOf"):
        options = [o for o in resolved.pop(key, []) if o.get("type") != "null"]
        if options:
            resolved = _resolve(options[0], definitions) | resolved
    return resolved


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
        sharp = [f for f in _exact(slot, message) if not _overlaps(f, used)]
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
    args |= _fill_numbers(numeric, message, used)
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
                sharp = _exact(slot, text)
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


def _overlaps(found: Found, used: Sequence[tuple[int, int]]) -> bool:
    return any(found.start < end and start < found.end for start, end in used)


def _exact(slot: Slot, text: str) -> list[Found]:
    """Values that the schema itself tells apart: by pattern, format, enum or shape of a code."""
    schema = slot.schema
    if slot.kind == "array":
        items = schema.get("items") or {}
        inner = Slot(slot.name, str(items.get("type", "string")), items, slot.required)
        if inner.kind in ("integer", "number"):
            return [f for f in numbers(text) if inner.kind == "number" or isinstance(f.value, int)]
        return _exact(inner, text) or quotations(text)
    if slot.kind == "boolean":
        return _boolean(slot, text)
    if slot.kind != "string":
        return []
    if schema.get("enum"):
        return _enum(schema["enum"], text)
    pattern = str(schema.get("pattern", ""))
    if pattern.startswith("^") and pattern.endswith("$"):  # others check, but cannot find, a value
        return _by_pattern(pattern, text)
    words = set(slot.name_words)
    form = str(schema.get("format", "")) or _format_by_name(words)
    if form:
        return formatted(form, text)
    shapes = [str(example) for example in schema.get("examples", [])]
    shapes += _EXAMPLE.findall(str(schema.get("description", "")))
    for shape in shapes:
        if any(c.isdigit() for c in shape):
            return _by_pattern(_shape_of(shape), text)
    return codes(text) if words & _ID_WORDS else []


def _format_by_name(words: set[str]) -> str:
    for form, cues in (
        ("email", {"email", "mail", "e-mail"}),
        ("phone", {"phone", "telephone", "mobile"}),
        ("uri", {"url", "uri", "link", "website"}),
        ("date", {"date", "day", "birthday"}),
        ("address", {"address", "street"}),
    ):
        if words & cues and not words & _NOT_THE_THING:
            return form
    return ""


def _by_pattern(pattern: str, text: str) -> list[Found]:
    body = pattern.removeprefix("^").removesuffix("$")
    found = []
    for match in re.finditer(rf"(?<![\w-])(?:{body})(?![\w]|-\w)", text, re.IGNORECASE):
        for value in (match.group(), match.group().upper(), match.group().lower()):
            if re.fullmatch(body, value):
                found.append(Found(value, *match.span()))
                break
    return found


def _shape_of(example: str) -> str:
    """`ORD-1001` as a pattern: the same letters, any digits."""
    return re.sub(r"\d+", r"\\d+", re.escape(example))


def _enum(options: Sequence[Any], text: str) -> list[Found]:
    words = list(re.finditer(r"[\w'-]+", text))
    stems = [stem(match.group()) for match in words]
    found: list[Found] = []
    for option in options:
        if not isinstance(option, str):
            continue
        wanted = [stem(word) for word in tokens(label(option))]
        for place in range(len(stems) - len(wanted) + 1):
            if wanted and stems[place : place + len(wanted)] == wanted:
                last = words[place + len(wanted) - 1]
                found.append(Found(option, words[place].start(), last.end()))
                break
    if found:
        return sorted(found, key=lambda item: (item.start, -len(str(item.value))))
    lowered = {str(option).lower(): str(option) for option in options if len(str(option)) > 3}
    for match in words:
        near = get_close_matches(match.group().lower(), lowered, n=1, cutoff=0.85)
        if near:
            return [Found(lowered[near[0]], match.start(), match.end())]
    return []


def _boolean(slot: Slot, text: str) -> list[Found]:
    """True where the message names the property, false where it names it with a negation."""
    wanted = {stem(word) for word in slot.name_words if word not in STOP_WORDS} - {"is", "has"}
    for match in re.finditer(r"[\w'-]+", text):
        own = stem(match.group())
        opposite = stem(re.sub(r"^(?:un|dis|non-?)", "", match.group().lower()))
        if own in wanted:
            negated = _NEGATION.search(text[max(0, match.start() - 25) : match.start()]) is not None
            return [Found(not negated, *match.span())]
        if opposite != own and opposite in wanted:
            return [Found(value=False, start=match.start(), end=match.end())]
    return []


def _fill_numbers(
    properties: Sequence[Slot], text: str, used: list[tuple[int, int]]
) -> dict[str, int | float]:
    """Give each number to the property whose words stand nearest to it."""
    free = [f for f in numbers(text) if not _overlaps(f, used)]
    scored = sorted(
        (
            (-_nearness(slot, f, text, properties), order, place, slot, f)
            for order, slot in enumerate(properties)
            for place, f in enumerate(free)
            if _fits(slot, f)
        ),
        key=lambda item: item[:3],
    )
    args: dict[str, int | float] = {}
    taken: set[int] = set()
    required = [slot for slot in properties if slot.required]
    for nearness, _, place, slot, f in scored:
        if slot.name in args or place in taken or not -nearness > 0:
            continue
        args[slot.name] = _typed(slot, f)
        taken.add(place)
    rest = [slot for slot in required if slot.name not in args]
    left = [f for place, f in enumerate(free) if place not in taken]
    # Numbers without a word beside them go in order, if there is one for each.
    if len(rest) == len(left):
        args |= {s.name: _typed(s, f) for s, f in zip(rest, left, strict=True) if _fits(s, f)}
    used += [(f.start, f.end) for f in free]
    return args


def _fits(slot: Slot, found: Found) -> bool:
    value = found.value
    if not isinstance(value, int | float) or (slot.kind == "integer" and isinstance(value, float)):
        return False
    low, high = slot.schema.get("minimum", value), slot.schema.get("maximum", value)
    options = slot.schema.get("enum")
    return bool(low <= value <= high and (not options or value in options))


def _typed(slot: Slot, found: Found) -> int | float:
    assert isinstance(found.value, int | float)  # noqa: S101  `_fits` has let it through
    return int(found.value) if slot.kind == "integer" else found.value


def _nearness(slot: Slot, found: Found, text: str, properties: Sequence[Slot]) -> float:
    """How near the property's own words stand to the number; 0 where none is in its clause."""
    wanted = {stem(word) for word in slot.name_words} - {stem(w) for w in STOP_WORDS}
    described = slot.words - wanted
    for other in properties:
        if other is not slot:
            described -= other.words
    score = 0.0
    for text_part, step in ((text[: found.start], -1), (text[found.end :], 1)):
        words = re.findall(r"[\w'-]+|[,;.]", text_part)[::step][:8]
        for distance, word in enumerate(words, 1):
            if word in ";." or (word == "," and step == 1):
                break
            if stem(word) in wanted:
                score = max(score, 1 / distance + (0.05 if step == -1 else 0))
            elif stem(word) in described:
                score = max(score, 0.5 / distance)
    return score


def _from_facts(slot: Slot, facts: Mapping[str, str]) -> Any:
    wanted = re.sub(r"[\W_]", "", slot.name).lower()
    for name, text in facts.items():
        if re.sub(r"[\W_]", "", name).lower() != wanted:
            continue
        if slot.kind in ("integer", "number"):
            found = [f for f in numbers(text) if _fits(slot, f)]
            return _typed(slot, found[0]) if found else None
        if slot.kind == "boolean":
            return {"true": True, "yes": True, "false": False, "no": False}.get(text.lower())
        if slot.kind != "string":
            return None
        sharp = any(key in slot.schema for key in ("pattern", "enum", "format"))
        values = [f.value for f in _exact(slot, text)]
        return values[0] if values else (None if sharp else text)
    return None


def _loose(slot: Slot, text: str, used: Sequence[tuple[int, int]]) -> Found | None:
    """A value that the words around it point to: a quotation, "called X", a name, free text."""
    schema = slot.schema
    words = slot.name_words
    if any(key in schema for key in ("enum", "format")) or set(words) & _ID_WORDS:
        return None
    if _format_by_name(set(words)):
        return None
    if set(words) & {"reason"} and (why := _REASON.search(text)):
        return Found(why.group(1).strip(), *why.span(1))
    quoted = [f for f in quotations(text) if not _overlaps(f, used)]
    if quoted:
        return quoted[0]
    if set(words) & _FREE_TEXT:
        return Found(text.strip(), len(text), len(text)) if slot.required else None
    proper = [f for f in names(text) if not _overlaps(f, used)]
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
