"""Pydantic's findings as one line for a person."""

from __future__ import annotations

from pydantic import ValidationError

__all__ = ["describe_problems"]

_SHOWN_CHARS = 80


def describe_problems(error: ValidationError) -> str:
    """Name each wrong key with what is wrong and the value given."""
    problems = []
    for item in error.errors():
        key = ".".join(map(str, item["loc"]))
        given = repr(item["input"])
        shown = given if len(given) <= _SHOWN_CHARS else f"{given[:_SHOWN_CHARS]}…"
        problems.append(f"key {key!r}: {item['msg']} (got {shown})")
    return "; ".join(problems)
