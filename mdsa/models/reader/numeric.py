"""Which number of a message belongs to which numeric slot."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mdsa.models.reader.slots import Slot
from mdsa.models.reader.values import Found, numbers
from mdsa.models.reader.words import STOP_WORDS, stem

__all__ = ["fill_numbers", "fits", "overlaps", "typed"]


def fill_numbers(
    properties: Sequence[Slot], text: str, used: list[tuple[int, int]]
) -> dict[str, int | float]:
    """Give each number to the property whose words stand nearest to it."""
    free = [f for f in numbers(text) if not overlaps(f, used)]
    scored = sorted(
        (
            (-_nearness(slot, f, text, properties), order, place, slot, f)
            for order, slot in enumerate(properties)
            for place, f in enumerate(free)
            if fits(slot, f)
        ),
        key=lambda item: item[:3],
    )
    args: dict[str, int | float] = {}
    taken: set[int] = set()
    required = [slot for slot in properties if slot.required]
    for nearness, _, place, slot, f in scored:
        if slot.name in args or place in taken or not -nearness > 0:
            continue
        args[slot.name] = typed(slot, f)
        taken.add(place)
    rest = [slot for slot in required if slot.name not in args]
    left = [f for place, f in enumerate(free) if place not in taken]
    # Numbers without a word beside them go in order, if there is one for each.
    if len(rest) == len(left):
        args |= {s.name: typed(s, f) for s, f in zip(rest, left, strict=True) if fits(s, f)}
    used += [(f.start, f.end) for f in free]
    return args


def fits(slot: Slot, found: Found) -> bool:
    """Whether a number is of the slot's type, within its bounds and among its options."""
    value = found.value
    if not isinstance(value, int | float) or (slot.kind == "integer" and isinstance(value, float)):
        return False
    low, high = slot.schema.get("minimum", value), slot.schema.get("maximum", value)
    options = slot.schema.get("enum")
    return bool(low <= value <= high and (not options or value in options))


def typed(slot: Slot, found: Found) -> int | float:
    """A number that fits, as the slot's type."""
    assert isinstance(found.value, int | float)  # noqa: S101  `fits` has let it through
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


def overlaps(found: Found, used: Sequence[tuple[int, int]]) -> bool:
    """Whether a value stands where another has been taken from."""
    return any(found.start < end and start < found.end for start, end in used)
