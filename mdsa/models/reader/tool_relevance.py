"""Whether a request is for a tool at all, where nothing but tools could serve it."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

__all__ = ["RELEVANCE_FEATURES", "relevance", "relevance_in_domain", "relevance_row"]

RELEVANCE_FEATURES = (
    "description",
    "name",
    "named_action",
    "words_known",
    "filled",
    "exact",
    "values",
    "asks",
    "asks_bare",
    "general",
    "general_bare",
    "orders",
    "long",
)
"""Names of the values of `relevance_row`, in order."""

_MANY = 3
_LONG = 20
# Fitted by `python -m mdsa.evals.tool_fit`, which prints them.
_INTERCEPT = -8.58
_WEIGHTS = (6.38, 2.84, 1.6, 6.33, 3.6)
# Of what a domain with tools is asked.
_ASKED_INTERCEPT = -7.61
_ASKED_WEIGHTS = (8.37, -1.62, 0.96, 2.85, 3.67, 1.3, 3.78, -1.49, 0.21, -0.06, -1.11, 0.19, -3.01)


def relevance_row(
    by_description: float,
    by_name: float,
    named_action: float,
    asked: Collection[str],
    known: Collection[str],
    filled: float,
    exact: float,
    values: int,
    *,
    asks: bool,
    general: bool,
    orders: bool,
) -> tuple[float, ...]:
    """What the probability depends on.

    Args:
        by_description: cosine of the request with the tool's name and description.
        by_name: its cosine with the name alone.
        named_action: share of the name's own words that the request holds.
        asked: stems of the request.
        known: stems of the tool's name, its description and its arguments.
        filled: share of the required arguments that have a value.
        exact: share of them whose value the schema itself tells apart.
        values: how many arguments have a value, optional ones included.
        asks: whether the request is a question.
        general: whether it asks about the rules.
        orders: whether it orders something in so many words.
    """
    words = set(asked)
    words_known = len(words & set(known)) / max(len(words), 1)
    bare = 1 - min(values, _MANY) / _MANY
    return (
        by_description,
        by_name,
        named_action,
        words_known,
        filled,
        exact,
        1 - bare,
        float(asks),
        asks * bare,
        float(general),
        general * bare,
        float(orders),
        min(len(words), _LONG) / _LONG,
    )


def relevance(row: tuple[float, ...]) -> float:
    """Probability that the tool serves the request, by its words, in [0, 1]."""
    return _probability(_INTERCEPT, _WEIGHTS, row[: len(_WEIGHTS)])


def relevance_in_domain(row: tuple[float, ...]) -> float:
    """The same by what the request is like, for one that is meant for the tool's domain."""
    return _probability(_ASKED_INTERCEPT, _ASKED_WEIGHTS, row)


def _probability(intercept: float, weights: Sequence[float], row: Sequence[float]) -> float:
    logit = intercept + sum(weight * value for weight, value in zip(weights, row, strict=True))
    return 1 / (1 + math.exp(-logit))
