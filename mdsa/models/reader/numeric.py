"""Whether a number may fill a slot, and in which type."""

from __future__ import annotations

from collections.abc import Sequence

from mdsa.models.reader.slots import Slot
from mdsa.models.reader.values import Found

__all__ = ["fits", "overlaps", "typed"]


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


def overlaps(found: Found, used: Sequence[tuple[int, int]]) -> bool:
    """Whether a value stands where another has been taken from."""
    return any(found.start < end and start < found.end for start, end in used)
