"""Lists as people write them in settings and files: a single value, or values between commas."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator
from pydantic_settings import NoDecode

__all__ = ["CommaSeparated", "OneOrMore"]


def _split(value: object) -> object:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _alone(value: object) -> object:
    return [value] if isinstance(value, str) else value


CommaSeparated = Annotated[list[str], NoDecode, BeforeValidator(_split)]
"""A setting whose variable holds values between commas, not JSON."""

OneOrMore = Annotated[list[str], BeforeValidator(_alone)]
"""A list that may be written as its only value."""
