"""Conditions on metadata, checked before a search begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mdsa.errors import InvalidInputError

__all__ = ["checked_filter"]


def checked_filter(where: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The condition as Chroma's `where`; None for none.

    Raises:
        InvalidInputError: it is malformed.
    """
    if not where:
        return None
    from chromadb.api.types import validate_where

    try:
        validate_where(dict(where))
    except (ValueError, TypeError, AttributeError) as error:
        raise InvalidInputError(
            f"filter {where!r} is malformed: {error}. Examples: {{'type': 'policy'}}, "
            "{'$and': [{'type': 'policy'}, {'year': {'$gte': 2024}}]}"
        ) from error
    return dict(where)
