"""Requests that ask for the same thing several times: "the weather in Oslo and Rome".

Every slot of a call has one value; a request that holds several for one asks for several calls.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise, product

from mdsa.models.reader.assignment import Assignment
from mdsa.models.reader.candidates import Candidate
from mdsa.models.reader.coordination import coordinated, joined
from mdsa.models.reader.pairs import paired
from mdsa.models.reader.slots import Slot

__all__ = ["alike", "records", "repeated", "repeats", "segments"]

_MOST = 8
_REPEATS = re.compile(
    r"\b(?:also|then|another|second|third|each|both|respectively|again|repeat|same|as well|other|"
    r"instead|two|three|four|five|several|following|and|plus|finally|lastly)\b",
    re.IGNORECASE,
)
_BREAK = re.compile(
    r"(?<=[.?!;])[\"')]*\s+|;\s+"
    r"|,?\s+(?:and\s+)?(?:then|also|finally|lastly|followed by|as well as|plus)\s+"
    r"|,?\s+and\s+(?=(?:for|in|with|between|from|at|on|to|the|another|one|a|an|do|find|get|tell)\b)"
    r"|,\s+(?=(?:for|and|in|with|between|from|another|the)\b)",
    re.IGNORECASE,
)
_LISTS = re.compile(r"\b(?:and|or|plus|as well as|then|also)\b|[&/;]", re.IGNORECASE)
_PAIRED = re.compile(r"\brespectively\b", re.IGNORECASE)
_WORD = re.compile(r"[\w'-]+|[%$€£]")
_BEHIND = 3.0
_LEAST_LISTED = -3.0
_LEAST = -1.0
"""Log-odds from which a value that is not listed with the chosen one counts beside it."""


def segments(text: str) -> list[str]:
    """The message cut where another request may begin; parts of it may hold none."""
    parts: list[str] = []
    start = 0
    for match in _BREAK.finditer(text):
        parts.append(text[start : match.start()])
        start = match.end()
    parts.append(text[start:])
    return [part.strip(' ,;"') for part in parts if part.strip(' ,;"')]


def repeated(
    text: str, slots: Sequence[Slot], found: Assignment, used: Sequence[tuple[int, int]]
) -> dict[str, list[Candidate]]:
    """Further values of every slot that has one, in their order.

    Args:
        text: the message.
        slots: those of the assignment, in their order.
        found: the first value of each.
        used: what is taken for others.
    """
    names = [slot.name for slot in slots if slot.name in found.chosen]
    if pairs := paired(text, names, found, used):
        return pairs
    taken = [*used, *((c.start, c.end) for c in found.chosen.values())]
    extra: dict[str, list[Candidate]] = {name: [] for name in names}
    for name in names:
        one = found.chosen[name]
        free = [c for c in found.candidates if c == one or not _overlaps(c, taken)]
        listed = coordinated(text, one, free, partial(found.score, name))
        if one.kind == "name" and not _LISTS.search(text[listed[0].end : listed[-1].start]):
            continue  # "Oslo, Norway" is one place
        for other in listed:
            if other != one and found.score(name, other) >= _LEAST_LISTED:
                extra[name].append(other)
                taken.append((other.start, other.end))
    if repeats(text):
        rest = sorted(
            (
                (found.score(name, c), place, name)
                for name in names
                for place, c in enumerate(found.candidates)
            ),
            reverse=True,
        )
        for score, place, name in rest:
            other = found.candidates[place]
            like = [found.chosen[name], *extra[name]]
            if score < max(_LEAST, found.score(name, found.chosen[name]) - _BEHIND):
                continue
            if _overlaps(other, taken) or not any(alike(text, one, other) for one in like):
                continue
            extra[name].append(other)
            taken.append((other.start, other.end))
    return {
        name: sorted([found.chosen[name], *values], key=lambda c: c.start)
        for name, values in extra.items()
        if values
    }


def repeats(text: str) -> bool:
    """Whether a message speaks of several things, or of one again."""
    return _REPEATS.search(text) is not None


def alike(text: str, one: Candidate, other: Candidate) -> bool:
    """Whether two values stand in the same kind of place: after the same word or before it."""
    if one.kind != other.kind and {one.kind, other.kind} != {"name", "phrase"}:
        return False
    before = [_WORD.findall(text[: c.start].lower())[-2:] for c in (one, other)]
    after = [_WORD.findall(text[c.end :].lower())[:1] for c in (one, other)]
    same_before = bool(before[0]) and bool(before[1]) and before[0][-1] == before[1][-1]
    same_after = bool(after[0]) and after[0] == after[1]
    return same_before or (same_after and one.kind == "number")


def records(
    text: str, values: Mapping[str, Sequence[Candidate]], shared: Mapping[str, Candidate]
) -> list[dict[str, Candidate]]:
    """One mapping of names to values for every call.

    Values go to the first call that lacks one, in the order of the message, so that both "A with 1
    and B with 2" and "A and B with 1 and 2" come out in pairs. Two lists that stand apart ("A and B
    in 1 and 2") are combined, unless the message says "respectively".

    Args:
        text: the message.
        values: of slots that have several.
        shared: of those that have one; it holds for every call.
    """
    lists = [name for name, found in values.items() if _is_list(text, found)]
    if len(values) == 2 and len(lists) == 2 and not _PAIRED.search(text):
        first, second = lists
        apart = values[first][-1].end <= values[second][0].start or (
            values[second][-1].end <= values[first][0].start
        )
        if apart:
            pairs = product(values[first], values[second])
            return [{**shared, first: one, second: other} for one, other in pairs][:_MOST]
    made: list[dict[str, Candidate]] = []
    order = sorted(
        ((one, name) for name, found in values.items() for one in found),
        key=lambda item: item[0].start,
    )
    for one, name in order:
        open_record = next((record for record in made if name not in record), None)
        if open_record is None:
            made.append({name: one})
        else:
            open_record[name] = one
    for place, record in enumerate(made):
        for name in values:
            if name not in record:  # "… and the same for B": what was said before holds on
                earlier = [other[name] for other in made[:place] if name in other]
                later = [other[name] for other in made[place:] if name in other]
                record[name] = (earlier or later)[-1 if earlier else 0]
    return [{**shared, **record} for record in made][:_MOST]


def _is_list(text: str, found: Sequence[Candidate]) -> bool:
    return all(joined(text, one, other) for one, other in pairwise(found))


def _overlaps(one: Candidate, taken: Sequence[tuple[int, int]]) -> bool:
    return any(one.start < end and start < one.end for start, end in taken)
