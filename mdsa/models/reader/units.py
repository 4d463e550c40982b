"""Amounts in the unit that an argument asks for: "3 minutes" is 180 for one in seconds."""

from __future__ import annotations

import re
from fractions import Fraction

from mdsa.models.reader.render import label
from mdsa.models.reader.slots import Slot

__all__ = ["convert", "is_unit", "same_dimension"]

_DIMENSIONS: tuple[dict[str, Fraction], ...] = (
    {
        "millisecond": Fraction(1, 1000),
        "second": Fraction(1),
        "minute": Fraction(60),
        "hour": Fraction(3600),
        "day": Fraction(86_400),
        "week": Fraction(604_800),
    },
    {"month": Fraction(1), "quarter": Fraction(3), "year": Fraction(12), "decade": Fraction(120)},
    {
        "millimeter": Fraction(1, 1000),
        "centimeter": Fraction(1, 100),
        "meter": Fraction(1),
        "kilometer": Fraction(1000),
    },
    {"inch": Fraction(1), "foot": Fraction(12), "yard": Fraction(36)},
    {"milligram": Fraction(1, 1000), "gram": Fraction(1), "kilogram": Fraction(1000)},
    {"milliliter": Fraction(1, 1000), "liter": Fraction(1)},
)
_SHORT = {
    "ms": "millisecond", "s": "second", "sec": "second", "secs": "second", "min": "minute",
    "mins": "minute", "h": "hour", "hr": "hour", "hrs": "hour", "mm": "millimeter",
    "cm": "centimeter", "m": "meter", "km": "kilometer", "ft": "foot", "feet": "foot",
    "inches": "inch", "mg": "milligram", "g": "gram", "kg": "kilogram", "kgs": "kilogram",
    "ml": "milliliter", "l": "liter",
}  # fmt: skip
_OTHERS_TEXT = """
joule kelvin celsius fahrenheit watt kilowatt volt amp ampere ohm newton pascal hertz hz mpg mph kph
mile pound ounce gallon acre hectare percent calorie kwh atm
"""
_OTHERS = frozenset(_OTHERS_TEXT.split())
_LONG = {unit: unit for dimension in _DIMENSIONS for unit in dimension}
_WORD = re.compile(r"[^\W\d_]+")
_AFTER = re.compile(r"\s*-?\s*([^\W\d_]+)(?!\s*(?:/|\^|²|³|\bper\b)|\w)")
_ASKED = re.compile(
    r"\b(?:in|of)\s+([^\W\d_]+)\b(?!\s*(?:/|\^|²|³|per\b|squared|cubed))|\(([^\W\d_]+)\)"
)


def is_unit(text: str) -> bool:
    """Whether a word names a unit of measurement."""
    lowered = text.lower()
    return _unit(lowered) is not None or lowered.removesuffix("s") in _OTHERS


def convert(slot: Slot, value: int | float, after: str) -> int | float:
    """The amount in the slot's unit; as it is where either unit is unknown.

    Args:
        slot: says its unit in its name or its description.
        value: the number in the message.
        after: the message from the end of the number on.
    """
    said, wanted = _said(after), _asked(slot)
    if said is None or wanted is None or said == wanted:
        return value
    for dimension in _DIMENSIONS:
        if said in dimension and wanted in dimension:
            exact = Fraction(str(value)) * dimension[said] / dimension[wanted]
            if exact.denominator == 1:
                return int(exact)
            return value if slot.kind == "integer" else float(exact)
    return value


def same_dimension(slot: Slot, after: str) -> bool:
    """Whether the number stands before another unit of what the slot measures."""
    said, wanted = _said(after), _asked(slot)
    if said is None or wanted is None or said == wanted:
        return False
    return any(said in dimension and wanted in dimension for dimension in _DIMENSIONS)


def _said(after: str) -> str | None:
    match = _AFTER.match(after)
    return _unit(match.group(1)) if match else None


def _asked(slot: Slot) -> str | None:
    """The slot's unit, by the last word of its name or by "in seconds" in its description."""
    words = _WORD.findall(label(slot.name))
    if words and len(words[-1]) > 2 and (named := _unit(words[-1])) is not None:
        return named
    described = _ASKED.findall(slot.description)
    units = {unit for pair in described if (unit := _unit(pair[0] or pair[1])) is not None}
    return units.pop() if len(units) == 1 else None


def _unit(word: str) -> str | None:
    lowered = word.lower().replace("metre", "meter").replace("litre", "liter")
    return _SHORT.get(lowered) or _LONG.get(lowered) or _LONG.get(lowered.removesuffix("s"))
