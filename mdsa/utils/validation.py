"""Pydantic's findings as one line for a person."""

from __future__ import annotations

from pydantic import ValidationError

__all__ = ["describe_problems"]

_SHOWN_CHARS = 80


def describe_problems(error: ValidationError, within: str = "") -> str:
    """Name each wrong key with what is wrong and the value given.

    Args:
        error: of the part that was checked.
        within: where that part stands in its file, such as `domains.0`.
    """
    problems = []
    for item in error.errors():
        key = ".".join(map(str, (*filter(None, [within]), *item["loc"])))
        given = repr(item["input"])
        shown = given if len(given) <= _SHOWN_CHARS else f"{given[:_SHOWN_CHARS]}…"
        problems.append(f"key {key!r}: {item['msg']} (got {shown})")
    return "; ".join(problems)
