"""Whether a request is for a tool at all, where nothing but tools could serve it."""

from __future__ import annotations

import math
from collections.abc import Collection

__all__ = ["RELEVANCE_FEATURES", "relevance", "relevance_row"]

RELEVANCE_FEATURES = ("description", "name", "named_action", "words_known", "filled")
"""Names of the values of `relevance_row`, in order."""

# Fitted by `python -m mdsa.evals.tool_fit`, which prints them.
_INTERCEPT = -9.00
_WEIGHTS = (6.40, 2.79, 1.66, 6.35, 4.03)


def relevance_row(
    by_description: float,
    by_name: float,
    named_action: float,
    asked: Collection[str],
    known: Collection[str],
    filled: float,
) -> tuple[float, ...]:
    """What the probability depends on.

    Args:
        by_description: cosine of the request with the tool's name and description.
        by_name: its cosine with the name alone.
        named_action: share of the name's own words that the request holds.
        asked: stems of the request.
        known: stems of the tool's name, its description and its arguments.
        filled: share of the required arguments that have a value.
    """
    words_known = len(set(asked) & set(known)) / max(len(set(asked)), 1)
    return by_description, by_name, named_action, words_known, filled


def relevance(row: tuple[float, ...]) -> float:
    """Probability that the tool serves the request, in [0, 1]."""
    logit = _INTERCEPT + sum(weight * value for weight, value in zip(_WEIGHTS, row, strict=True))
    return 1 / (1 + math.exp(-logit))
