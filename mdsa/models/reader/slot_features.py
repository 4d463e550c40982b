"""What is measured of a candidate value against an argument that it might fill."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mdsa.models.reader.candidates import Candidate
from mdsa.models.reader.encoder import CachedEncoder
from mdsa.models.reader.numeric import fits
from mdsa.models.reader.render import label
from mdsa.models.reader.slots import Slot
from mdsa.models.reader.values import Found
from mdsa.models.reader.words import STOP_WORDS, content_stems, stem

__all__ = ["NUMBER_FEATURES", "TEXT_FEATURES", "number_rows", "options", "text_rows"]

_PREPOSITIONS = (
    "in",
    "at",
    "on",
    "from",
    "to",
    "for",
    "of",
    "with",
    "by",
    "about",
    "near",
    "between",
)
_PLACES = frozenset(
    {"city", "location", "country", "state", "place", "region", "address", "area", "destination"}
    | {"origin", "venue", "town", "where", "loc", "county", "jurisdiction"}
)
_PERSONS = frozenset(
    {"name", "artist", "author", "player", "person", "user", "actor", "director", "team", "company"}
)
_UNITS = frozenset({"unit", "units", "currency", "measurement", "scale", "format"})
_TIMES = frozenset(
    {"date", "time", "day", "when", "month", "year", "period", "season", "start", "end"}
)
_TEXTS = frozenset(
    {"query", "question", "search", "message", "text", "description", "reason", "comment", "body"}
    | {"note", "content", "prompt", "sentence", "function", "equation", "expression"}
)
_START = frozenset({"start", "from", "origin", "source", "base", "begin", "departure", "initial"})
_END = frozenset({"end", "to", "destination", "target", "arrival", "final"})
_WORD = re.compile(r"[^\W_][\w'’-]*|[^\w\s]")  # noqa: RUF001
_WINDOW = 6
_GENERIC = frozenset(
    {"name", "value", "number", "type", "specific", "given", "desired", "default", "optional"}
)

TEXT_FEATURES = (
    "quoted",
    "name",
    "date",
    "time",
    "phrase",
    "expression",
    "path",
    "two_words",
    "more_words",
    "whole",
    "whole_phrase",
    "opens",
    "cue_before",
    "cue_after",
    "described_before",
    "described_after",
    "meaning_name",
    "meaning_description",
    "meaning_best",
    "option",
    "meaning_option",
    "tool_words",
    "own_words",
    "other_words",
    "place_named",
    "place_in",
    "place_phrase",
    "person_named",
    "person_phrase",
    "unit_option",
    "timely",
    "text_quoted",
    "start_from",
    "end_to",
    "start_to",
    "end_from",
    "digits",
    "order",
    "place_name_rank",
    *(f"after_{word}" for word in _PREPOSITIONS),
    "required",
    "shared_name_word",
    "meaning_margin",
    "name_margin",
    "kind_agreement",
    "part_of_name",
    "part_of_quoted",
    "long",
    "tool_after",
    "tool_before",
    "lower_single",
    "mixed",
    "cut_left",
    "cut_right",
    "comma",
    "comma_wanted",
    "after_verb",
)
"""Names of the columns of `text_rows`, in order."""

NUMBER_FEATURES = (
    "cue_before",
    "cue_after",
    "described_before",
    "described_after",
    "unit",
    "unit_elsewhere",
    "money",
    "money_elsewhere",
    "percent",
    "percent_elsewhere",
    "year",
    "year_elsewhere",
    "assigned",
    "order",
    "same_place",
    "only_one",
    "spelled",
    "spelled_beside_digits",
    "required",
    "shared_cue",
    "meaning",
    "meaning_margin",
    "meaning_below_best",
)
"""Names of the columns of `number_rows`, in order."""

_MONEY_WORDS = """
price amount budget cost principal investment salary income payment loan deposit dollar usd value
fee money gain revenue worth balance
"""
_RATE_WORDS = """
rate percent percentage interest return yield discount growth probability share confidence
contribution
"""
_MONEY = frozenset(stem(word) for word in _MONEY_WORDS.split())
_RATES = frozenset(stem(word) for word in _RATE_WORDS.split())
_YEARS = frozenset(stem(word) for word in ("year", "date", "season"))


@lru_cache(maxsize=2048)
def options(description: str) -> tuple[str, ...]:
    """Values that a description gives as examples: quoted, or after "e.g." and "such as"."""
    quoted = re.findall(r"['\"‘“]([^'\"‘’“”]{1,40})['\"’”]", description)  # noqa: RUF001
    listed = re.findall(
        r"(?:e\.?g\.?,?:?|such as|like|options?(?: are)?:|include)\s+([^.()\"']+)",
        description,
        re.IGNORECASE,
    )
    found = [part.strip() for text in listed for part in re.split(r",|\bor\b|\band\b", text)]
    return tuple(dict.fromkeys(one for one in [*quoted, *found] if one and len(one) <= 40))


def text_rows(
    slot: Slot,
    candidates: Sequence[Candidate],
    text: str,
    others: Sequence[Slot],
    tool_stems: frozenset[str],
    encoder: CachedEncoder | None,
) -> NDArray[np.float64]:
    """One row a candidate, one column for each of `TEXT_FEATURES`.

    Args:
        slot: to be filled.
        candidates: of the message.
        text: the message.
        others: the tool's other text slots, in their order with this one.
        tool_stems: of the tool's name.
        encoder: sentence encoder; None leaves the features of meaning at zero.
    """
    description = str(slot.schema.get("description", ""))
    names = {w for w in slot.name_words if w not in STOP_WORDS}
    name_stems = {stem(w) for w in names}
    described = slot.words - name_stems
    for other in others:
        if other.name != slot.name:
            described -= other.words
    other_stems = set().union(
        *({stem(w) for w in o.name_words} for o in others if o.name != slot.name), set()
    )
    kinds = _kinds(slot, description)
    given = options(description)
    meaning = _meaning(slot, given, candidates, others, encoder)
    given_stems = {tuple(content_stems(label(one))) for one in given}
    ranked = [o.name for o in others].index(slot.name) / max(len(others) - 1, 1)
    proper = [c for c in candidates if c.kind in ("name", "quoted")]
    rows = []
    for index, one in enumerate(candidates):
        before, after = _around(text, one)
        own = set(content_stems(one.text))
        prepositions = _preposition(before)
        name = one.kind == "name"
        option = tuple(content_stems(one.text)) in given_stems if own else False
        opens = not text[: one.start].strip(" \"'") or text[: one.start].rstrip()[-1:] in ".?!"
        place, person, unit, timely, free, start, end = kinds
        named = [c for c in proper if c.start <= one.start]
        row = {
            "two_words": one.words == 2,
            "more_words": one.words > 2,
            "whole": one.whole,
            "whole_phrase": one.whole and one.kind == "phrase",
            "opens": opens,
            "cue_before": _near(before[::-1], name_stems, stop=".;?!"),
            "cue_after": _near(after, name_stems, stop=",.;?!"),
            "described_before": _near(before[::-1], described, stop=".;?!"),
            "described_after": _near(after, described, stop=",.;?!"),
            "meaning_name": meaning[index][0],
            "meaning_description": meaning[index][1],
            "meaning_best": meaning[index][3],
            "meaning_margin": meaning[index][4],
            "name_margin": meaning[index][5],
            "kind_agreement": meaning[index][6],
            "part_of_name": any(
                _within(one, c)
                for c in proper
                if c.kind == "name" and "," not in c.text and " and " not in c.text and c.whole
            ),
            "part_of_quoted": any(_within(one, c) for c in proper if c.kind == "quoted"),
            "long": one.words > 8,
            "tool_after": bool(after) and stem(after[0]) in tool_stems,
            "tool_before": bool(before) and any(stem(w) in tool_stems for w in before[-2:]),
            "mixed": one.kind == "phrase" and any(c.isupper() for c in one.text),
            "cut_left": one.cut_left,
            "cut_right": one.cut_right,
            "comma": "," in one.text,
            "comma_wanted": "," in one.text and _WANTS_COMMA.search(description) is not None,
            "after_verb": bool(before) and before[-1] in _ACTIONS,
            "lower_single": one.kind == "phrase" and one.words == 1,
            "option": option,
            "meaning_option": meaning[index][2],
            "tool_words": len(own & tool_stems) / max(len(own), 1),
            "own_words": len(own & name_stems) / max(len(own), 1),
            "other_words": len(own & (other_stems - name_stems)) / max(len(own), 1),
            "place_named": place and name,
            "place_in": place and bool(prepositions & {"in", "at", "near", "from", "to"}),
            "place_phrase": place and one.kind == "phrase",
            "person_named": person and name,
            "person_phrase": person and one.kind == "phrase",
            "unit_option": unit and option,
            "timely": timely and (one.kind in ("date", "time") or _timely(one.text)),
            "text_quoted": free and one.kind in ("quoted", "expression"),
            "start_from": start and "from" in prepositions,
            "end_to": end and "to" in prepositions,
            "start_to": start and "to" in prepositions,
            "end_from": end and "from" in prepositions,
            "digits": any(c.isdigit() for c in one.text),
            "order": abs(one.start / max(len(text), 1) - ranked),
            "place_name_rank": place and name and len(named) > 1,
            "required": slot.required,
            "shared_name_word": bool(own & name_stems) and one.words > 1,
            one.kind: True,
        }
        row |= {f"after_{word}": True for word in prepositions if word in _PREPOSITIONS}
        rows.append([float(row.get(name, 0.0)) for name in TEXT_FEATURES])
    return np.array(rows, dtype=np.float64).reshape(len(candidates), len(TEXT_FEATURES))


def _kinds(slot: Slot, description: str) -> tuple[bool, ...]:
    words = set(slot.name_words)
    said = set(re.findall(r"[a-z]+", description.lower().split(". ")[0]))
    place = bool(words & _PLACES) or bool(
        said & (_PLACES - {"where", "area", "address"}) and not words & _PERSONS
    )
    person = bool(words & _PERSONS) or "name" in said
    return (
        place,
        person,
        bool(words & _UNITS),
        bool(words & _TIMES),
        bool(words & _TEXTS),
        bool(words & _START),
        bool(words & _END),
    )


_WANTS_COMMA = re.compile(
    r"\b(?:city|town) (?:and|,|name and) (?:state|country)\b|e\.g\.?,? [A-Z][\w ]+, [A-Z]"
    r"|\bformat\b"
)
_ACTIONS = frozenset({"find", "search", "get", "like", "play", "plays", "offer", "offers", "serve"})
_TIMELY = re.compile(
    r"\b(?:today|tomorrow|yesterday|tonight|now|century|next|last|this|january|february|march|april|"
    r"may|june|july|august|september|october|november|december|(?:mon|tues|wednes|thurs|fri|satur|"
    r"sun)day|week|month|year|weekend|\d{4})\b",
    re.IGNORECASE,
)


def _timely(text: str) -> bool:
    return _TIMELY.search(text) is not None


_ANCHORS = (
    "a city",
    "a country",
    "a street address",
    "a person's name",
    "a company",
    "a sports team",
    "an animal or plant species",
    "food, a dish or an ingredient",
    "a diet",
    "a color",
    "a unit of measurement",
    "a currency",
    "a date",
    "a time of day",
    "a musical instrument",
    "a genre of music or film",
    "a mathematical function",
    "a chemical substance",
    "a historical event",
    "a building or museum",
    "a product to buy",
    "a language",
    "a body of law or a crime",
    "a size or level",
    "a method or model",
)
"""Kinds of things, in words for the encoder: a value should be of its argument's kind."""
_SHARPNESS = 12.0


def _meaning(
    slot: Slot,
    given: Sequence[str],
    candidates: Sequence[Candidate],
    others: Sequence[Slot],
    encoder: CachedEncoder | None,
) -> NDArray[np.float64]:
    """Cosines with name, description and nearest example, and how they compare.

    Then: how far below the best of the candidates, how far above the best of the other arguments
    (by description, by name), and whether value and argument are of one kind of thing.
    """
    if encoder is None or not candidates:
        return np.zeros((len(candidates), 7))
    texts = [one.text for one in candidates]
    examples = list(given)[:6]
    rivals = [o for o in others if o.name != slot.name]
    own = encoder.encode(texts)
    slot_texts = [_said(o) for o in (slot, *rivals)]
    named = [label(o.name) for o in (slot, *rivals)]
    count = len(slot_texts)
    rest = encoder.encode([*slot_texts, *named, *examples, *_ANCHORS])
    cosines = (own @ rest.T).astype(np.float64)
    by_slot, by_name = cosines[:, :count], cosines[:, count : 2 * count]
    nearest = (
        cosines[:, 2 * count : 2 * count + len(examples)].max(axis=1)
        if examples
        else np.zeros(len(texts))
    )
    anchors = rest[2 * count + len(examples) :]
    kinds = _sharp(cosines[:, 2 * count + len(examples) :])
    wanted = _sharp((rest[:1] @ anchors.T).astype(np.float64))[0]
    agreement = (kinds @ wanted) / (np.linalg.norm(kinds, axis=1) * np.linalg.norm(wanted))
    margin = by_slot[:, 0] - by_slot[:, 1:].max(axis=1) if rivals else np.zeros(len(texts))
    name_margin = by_name[:, 0] - by_name[:, 1:].max(axis=1) if rivals else np.zeros(len(texts))
    best = by_slot[:, 0] - by_slot[:, 0].max()
    return np.stack(
        [by_name[:, 0], by_slot[:, 0], nearest, best, margin, name_margin, agreement], axis=1
    )


def _said(slot: Slot) -> str:
    return f"{label(slot.name)}: {slot.schema.get('description', '')}"


def _sharp(cosines: NDArray[np.float64]) -> NDArray[np.float64]:
    odds = np.exp(_SHARPNESS * (cosines - cosines.max(axis=1, keepdims=True)))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def _within(one: Candidate, other: Candidate) -> bool:
    inside = other.start <= one.start and one.end <= other.end
    return inside and (one.end - one.start) < (other.end - other.start) and one.text != other.text


def _around(text: str, one: Candidate) -> tuple[list[str], list[str]]:
    before = [m.group().lower() for m in _WORD.finditer(text[: one.start])][-_WINDOW:]
    after = [m.group().lower() for m in _WORD.finditer(text[one.end :])][:_WINDOW]
    return before, after


def _preposition(before: Sequence[str]) -> set[str]:
    """The preposition right before, articles and the like left out."""
    for word in before[::-1]:
        if word in {"the", "a", "an", "my", "our", "his", "her", "their", '"', "'", "“", "‘"}:  # noqa: RUF001
            continue
        return {word}
    return set()


def _near(words: Sequence[str], wanted: set[str], *, stop: str) -> float:
    for distance, word in enumerate(words, 1):
        if word in stop:
            return 0.0
        if stem(word) in wanted:
            return 1 / distance
    return 0.0


def number_rows(
    slot: Slot,
    candidates: Sequence[Candidate],
    text: str,
    others: Sequence[Slot],
    encoder: CachedEncoder | None,
) -> NDArray[np.float64]:
    """One row a number, one column for each of `NUMBER_FEATURES`; arguments as `text_rows`."""
    names = {stem(w) for w in slot.name_words if w not in STOP_WORDS and w not in _GENERIC}
    words = slot.words | {_unit(w) for w in _WORD.findall(str(slot.schema.get("description", "")))}
    elsewhere: set[str] = set()
    shared: set[str] = set()
    for other in others:
        if other.name != slot.name:
            elsewhere |= other.words
            shared |= names & {stem(w) for w in other.name_words}
    described = words - names - elsewhere - {stem(w) for w in _GENERIC}
    place = [o.name for o in others].index(slot.name)
    usable = [c for c in candidates if any(_suits(o, c) for o in others)]
    digits = any(not _spelled(text, c) for c in usable)
    if digits:
        usable = [c for c in usable if not _spelled(text, c)]
    meaning = _context_meaning(slot, candidates, text, others, encoder)
    rows = []
    for index, one in enumerate(candidates):
        before, after = _around(text, one)
        glued = re.match(r"[a-zA-Z°]+", text[one.end :])
        unit = _unit(glued.group() if glued else after[0]) if after or glued else ""
        money = text[max(0, one.start - 1) : one.start + 1].strip()[:1] in "$€£" or unit in {
            "dollar",
            "usd",
            "euro",
        }
        percent = "%" in text[one.start : one.end + 2] or unit in {"percent", "percentag"}
        year = (
            isinstance(one.value, int) and 1000 <= one.value <= 2100 and not money and not percent
        )
        rank = usable.index(one) if one in usable else place
        row = {
            "cue_before": _near(before[::-1], names - shared, stop=".;?!"),
            "cue_after": _near(after, names - shared, stop=",.;?!"),
            "described_before": _near(before[::-1], described, stop=".;?!"),
            "described_after": _near(after, described, stop=",.;?!"),
            "unit": bool(unit) and unit in words - elsewhere,
            "unit_elsewhere": bool(unit) and unit in elsewhere and unit not in words,
            "money": money and bool(words & _MONEY),
            "money_elsewhere": money and not words & _MONEY,
            "percent": percent and bool(words & _RATES),
            "percent_elsewhere": percent and not words & _RATES,
            "year": year and bool(names & _YEARS),
            "year_elsewhere": year and not words & _YEARS,
            "assigned": bool(before) and _assigned(text[: one.start], slot),
            "order": abs(rank - place) / max(len(others), 1),
            "same_place": rank == place and len(usable) == len(others),
            "only_one": len(usable) == 1,
            "spelled": _spelled(text, one),
            "spelled_beside_digits": digits and _spelled(text, one),
            "required": slot.required,
            "shared_cue": _near(before[::-1], shared, stop=".;?!"),
            "meaning": meaning[index][0],
            "meaning_margin": meaning[index][1],
            "meaning_below_best": meaning[index][2],
        }
        rows.append([float(row[name]) for name in NUMBER_FEATURES])
    return np.array(rows, dtype=np.float64).reshape(len(candidates), len(NUMBER_FEATURES))


def _context_meaning(
    slot: Slot,
    candidates: Sequence[Candidate],
    text: str,
    others: Sequence[Slot],
    encoder: CachedEncoder | None,
) -> NDArray[np.float64]:
    """Cosine of the words around each number with the slot: itself, above other slots, below best."""
    if encoder is None or not candidates:
        return np.zeros((len(candidates), 3))
    rivals = [o for o in others if o.name != slot.name]
    contexts = [_context(text, one) for one in candidates]
    own = encoder.encode(contexts)
    cosines = (own @ encoder.encode([_said(o) for o in (slot, *rivals)]).T).astype(np.float64)
    margin = cosines[:, 0] - cosines[:, 1:].max(axis=1) if rivals else np.zeros(len(contexts))
    return np.stack([cosines[:, 0], margin, cosines[:, 0] - cosines[:, 0].max()], axis=1)


def _context(text: str, one: Candidate) -> str:
    """The words around a number, up to the next numbers and the ends of its clause."""
    before = re.split(r"[.;?!]\s|\d", text[: one.start])[-1].split()[-5:]
    after = re.split(r"[,.;?!]\s|\d", text[one.end :])[0].split()[:3]
    return " ".join([*before, text[one.start : one.end], *after])


_UNITS_SHORT = {
    "km": "kilometer",
    "kg": "kilogram",
    "m": "meter",
    "cm": "centimeter",
    "mm": "millimeter",
    "g": "gram",
    "ft": "feet",
    "lb": "pound",
    "lbs": "pound",
    "mi": "mile",
    "h": "hour",
    "hr": "hour",
    "hrs": "hour",
    "min": "minute",
    "mins": "minute",
    "s": "second",
    "sec": "second",
    "l": "liter",
    "c": "celsius",
    "k": "kelvin",
}


def _unit(word: str) -> str:
    lowered = word.lower().lstrip("°")
    return stem(_UNITS_SHORT.get(lowered, lowered))


def _assigned(before: str, slot: Slot) -> bool:
    """`a = 3`, `x: 2`: the slot's own name and a sign."""
    name = re.escape(slot.name)
    spaced = re.escape(label(slot.name))
    return (
        re.search(
            rf"(?<!\w)(?:{name}|{spaced})['\"]?\s*(?:=|:|is|of|equals)\s*[$€£-]?$",
            before,
            re.IGNORECASE,
        )
        is not None
    )


def _spelled(text: str, one: Candidate) -> bool:
    return not text[one.start : one.end].lstrip("$€£-.")[:1].isdigit()


def _suits(slot: Slot, one: Candidate) -> bool:
    return one.kind == "number" and fits(slot, Found(one.value, one.start, one.end))
