"""Values in a message that a slot's schema itself tells apart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from mdsa.models.reader.code_shapes import code_shapes
from mdsa.models.reader.date_slots import as_said, asks_for_date
from mdsa.models.reader.numeric import overlaps
from mdsa.models.reader.render import label
from mdsa.models.reader.slots import Slot
from mdsa.models.reader.truth import truth
from mdsa.models.reader.value_context import closed_options
from mdsa.models.reader.values import Found, codes, formatted, impossible_dates, numbers
from mdsa.models.reader.words import content_stems, stem, tokens

__all__ = ["ID_WORDS", "exact_values", "format_of"]

ID_WORDS = {"code", "id", "identifier", "no", "number", "ref", "reference", "serial", "sku"}
# `email_count` and `address_type` hold no e-mail or postal address.
_NOT_THE_THING = {"count", "format", "id", "ip", "name", "type"}
_MAIL = re.compile(r"\be-?mail address\b|\bmail address\b", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_LONG_CODE = 4
_WINDOW = 5


def exact_values(slot: Slot, text: str) -> list[Found]:
    """Values that the schema itself tells apart: by pattern, format, enum or shape of a code."""
    schema = slot.schema
    if slot.kind == "array":
        inner = Slot(slot.name, str(slot.items.get("type", "string")), slot.items, slot.required)
        if inner.kind in ("integer", "number"):
            return [f for f in numbers(text) if inner.kind == "number" or isinstance(f.value, int)]
        return exact_values(inner, text)
    if slot.kind == "boolean":
        return truth(slot, text)
    if slot.kind != "string":
        return []
    if not schema.get("pattern") and (given := _assigned(slot, text)):
        return given
    if allowed := schema.get("enum") or closed_options(slot.description):
        return _enum(allowed, text)
    pattern = str(schema.get("pattern", ""))
    if pattern.startswith("^") and pattern.endswith("$"):  # others check, but cannot find, a value
        found = _by_pattern(pattern, text)
        if asks_for_date(slot):
            parted = [(day.start, day.end) for day in impossible_dates(text)]
            found = [one for one in found if not overlaps(one, parted)]
        return found
    words = set(slot.name_words)
    form = str(schema.get("format", "")) or format_of(slot)
    if form:
        return formatted(form, text)
    shapes = [_shape_of(str(one)) for one in schema.get("examples", []) if _DIGIT.search(str(one))]
    shapes += code_shapes(slot.description)
    for shape in shapes:
        if found := _by_pattern(shape, text):
            return found
    if shapes:
        return []
    return _likely_codes(text) if words & ID_WORDS else []


def _likely_codes(text: str) -> list[Found]:
    """Codes without those that rather count or measure something, where there are better ones."""
    amounts = [one for one in numbers(text) if not text[one.start : one.end].isdigit()]
    found = [one for one in codes(text) if not overlaps(one, [(n.start, n.end) for n in amounts])]
    best = [one for one in found if _is_long(str(one.value))]
    return best or found


def _is_long(code: str) -> bool:
    return len(code) >= _LONG_CODE and (not code.isdigit() or len(code) > _LONG_CODE)


def _assigned(slot: Slot, text: str) -> list[Found]:
    """A quotation after the slot's own name and a sign: `'name': 'Ann'`, `city = "Oslo"`."""
    name = slot.name.rsplit(".", 1)[-1]
    pattern = rf"(?<!\w)['\"]?{re.escape(name)}['\"]?\s*[:=]\s*(['\"])([^'\"\n]+)\1"
    return [Found(m.group(2), *m.span(2)) for m in re.finditer(pattern, text, re.IGNORECASE)]


def format_of(slot: Slot) -> str:
    """The format that a slot's name and description speak of; no date where words are asked for."""
    form = format_by_name(set(slot.name_words))
    if form == "date" and as_said(slot):
        return ""
    if form in ("", "address") and _MAIL.search(slot.description):
        return "email"
    return form


def format_by_name(words: set[str]) -> str:
    """The format that a property's own name speaks of, such as `email`; empty for none."""
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
    words = list(re.finditer(r"\w+(?:'\w+)?", text))
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
    if found := _scattered(options, words, stems):
        return found
    lowered = {str(option).lower(): str(option) for option in options if len(str(option)) > 3}
    for match in words:
        near = get_close_matches(match.group().lower(), lowered, n=1, cutoff=0.85)
        if near:
            return [Found(lowered[near[0]], match.start(), match.end())]
    return []


def _scattered(
    options: Sequence[Any], words: Sequence[re.Match[str]], stems: Sequence[str]
) -> list[Found]:
    """Options of several words that stand near each other: "boxes for books" for `book_box`."""
    found = []
    for option in options:
        wanted = set(content_stems(label(str(option))))
        places = [place for place, one in enumerate(stems) if one in wanted]
        if len(wanted) > 1 and {stems[place] for place in places} == wanted:
            first, last = places[0], places[-1]
            if last - first < _WINDOW:
                found.append(Found(str(option), words[first].start(), words[last].end()))
    return found if len(found) == 1 else []
