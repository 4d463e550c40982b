"""What is measured of a name, quotation or phrase against an argument that it might fill."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mdsa.models.reader.candidates import Candidate
from mdsa.models.reader.date_slots import moment_wanted, wants_words
from mdsa.models.reader.encoder import CachedEncoder
from mdsa.models.reader.render import label
from mdsa.models.reader.slots import Slot
from mdsa.models.reader.value_context import around, near, options, preposition
from mdsa.models.reader.value_meaning import meaning
from mdsa.models.reader.words import STOP_WORDS, content_stems, stem

__all__ = ["TEXT_FEATURES", "TEXT_WORDS", "text_rows"]

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

TEXT_WORDS = frozenset(
    {"query", "question", "search", "message", "text", "description", "reason", "comment", "body"}
    | {"note", "content", "prompt", "sentence", "function", "equation", "expression"}
)

_START = frozenset({"start", "from", "origin", "source", "base", "begin", "departure", "initial"})

_END = frozenset({"end", "to", "destination", "target", "arrival", "final"})

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

_DAY = re.compile(
    r"\b(?:today|tomorrow|yesterday|tonight|morning|afternoon|evening|january|february|march|april|"
    r"june|july|august|september|october|november|december|(?:mon|tues|wednes|thurs|fri|satur|sun)day|"
    r"weekend|\d{1,2}(?:st|nd|rd|th))\b(?!\s+(?:street|avenue|st|ave)\b)",
    re.IGNORECASE,
)

_STREET = re.compile(
    r"\b(?:street|st|avenue|ave|road|rd|drive|dr|lane|ln|boulevard|blvd|way|square|plaza|court)\b",
    re.IGNORECASE,
)

_REASON = re.compile(r"\b(?:because|since|as|for|that|reason|due to|about|:)$", re.IGNORECASE)

_NEGATED = re.compile(
    r"\b(?:not|no|never|\w+n't|won't|can't|broke\w*|leak\w*|too|does|is|are|was|has|have)\b",
    re.IGNORECASE,
)

_SELF = re.compile(r"(?:i|i'm|i've|i'd|we|we're|we've)\b", re.IGNORECASE)

_ORDER = re.compile(
    r"(?:please|pls|book|order|cancel|change|move|send|get|give|make|put|need|want|like|could|can)\b",
    re.IGNORECASE,
)

_CALLED = frozenset({"called", "named", "titled", "entitled", "is", "as"})

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
    "described_words",
    "timely_elsewhere",
    "numbered",
    "street",
    "numbered_elsewhere",
    "called",
    "clause",
    "moment_right",
    "moment_wrong",
    "moment_elsewhere",
    "verbatim_clause",
    "verbatim_words",
    "verbatim_short",
    "clause_opens",
    "clause_ends",
    "clause_after_reason",
    "clause_verb",
    "clause_timely",
    "clause_digits",
    "clause_person",
    "clause_order",
)
"""Names of the columns of `text_rows`, in order."""


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
    description = slot.description
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
    moment = moment_wanted(slot, others)
    verbatim = wants_words(slot)
    given = options(description)
    meanings = meaning(slot, given, candidates, others, encoder)
    given_stems = {tuple(content_stems(label(one))) for one in given}
    ranked = [o.name for o in others].index(slot.name) / max(len(others) - 1, 1)
    proper = [c for c in candidates if c.kind in ("name", "quoted")]
    rows = []
    for index, one in enumerate(candidates):
        before, after = around(text, one)
        own = set(content_stems(one.text))
        prepositions = preposition(before)
        name = one.kind == "name"
        option = tuple(content_stems(label(one.text))) in given_stems if own else False
        opens = not text[: one.start].strip(" \"'") or text[: one.start].rstrip()[-1:] in ".?!"
        place, person, unit, timely, free, start, end = kinds
        named = [c for c in proper if c.start <= one.start]
        numbered = name and any(c.isdigit() for c in one.text)
        row = {
            "two_words": one.words == 2,
            "more_words": one.words > 2,
            "whole": one.whole,
            "whole_phrase": one.whole and one.kind == "phrase",
            "opens": opens,
            "cue_before": near(before[::-1], name_stems, stop=".;?!"),
            "cue_after": near(after, name_stems, stop=",.;?!"),
            "described_before": near(before[::-1], described, stop=".;?!"),
            "described_after": near(after, described, stop=",.;?!"),
            "meaning_name": meanings[index][0],
            "meaning_description": meanings[index][1],
            "meaning_best": meanings[index][3],
            "meaning_margin": meanings[index][4],
            "name_margin": meanings[index][5],
            "kind_agreement": meanings[index][6],
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
            "described_words": len(own & (slot.words - name_stems)) / max(len(own), 1),
            "after_verb": bool(before) and before[-1] in _ACTIONS,
            "lower_single": one.kind == "phrase" and one.words == 1,
            "option": option,
            "meaning_option": meanings[index][2],
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
            "timely_elsewhere": not timely
            and (one.kind in ("date", "time") or _DAY.search(one.text) is not None),
            "numbered": numbered,
            "street": place and _STREET.search(one.text) is not None,
            "numbered_elsewhere": numbered and not place,
            "called": bool(before) and before[-1] in _CALLED,
            "moment_right": bool(one.part)
            and (one.part == moment or (moment == "both" and one.whole)),
            "moment_wrong": moment is not None and not one.part and one.kind != "clause",
            "moment_elsewhere": moment is None and bool(one.part),
            **_of_clause(one, text, verbatim=verbatim),
            one.kind: True,
        }
        row |= {f"after_{word}": True for word in prepositions if word in _PREPOSITIONS}
        rows.append([float(row.get(name, 0.0)) for name in TEXT_FEATURES])
    return np.array(rows, dtype=np.float64).reshape(len(candidates), len(TEXT_FEATURES))


def _of_clause(one: Candidate, text: str, *, verbatim: bool) -> dict[str, float]:
    """How well a stretch of the message may stand for itself, where words of it are asked for."""
    if not verbatim:
        return {}
    if one.kind != "clause":
        return {"verbatim_short": 1.0}
    before, after = text[: one.start].rstrip(), text[one.end :].lstrip()
    return {
        "verbatim_clause": 1.0,
        "verbatim_words": one.words / 10,
        "clause_opens": float(not before or before[-1] in ".?!;,:"),
        "clause_ends": float(not after or after[0] in ".?!;,"),
        "clause_after_reason": float(_REASON.search(before) is not None),
        "clause_verb": float(_NEGATED.search(one.text) is not None),
        "clause_timely": float(_timely(one.text)),
        "clause_digits": float(any(c.isdigit() for c in one.text)),
        "clause_person": float(_SELF.match(one.text) is not None),
        "clause_order": float(_ORDER.match(one.text) is not None),
    }


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
        bool(words & TEXT_WORDS),
        bool(words & _START),
        bool(words & _END),
    )


def _timely(text: str) -> bool:
    return _TIMELY.search(text) is not None


def _within(one: Candidate, other: Candidate) -> bool:
    inside = other.start <= one.start and one.end <= other.end
    return inside and (one.end - one.start) < (other.end - other.start) and one.text != other.text
