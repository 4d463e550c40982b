"""Splits a message into clauses that may belong to different domains.

A conjunction splits only where a new question or request begins after it, so "terms and
conditions" and "shirts and jackets" stay whole.
"""

from __future__ import annotations

import re

__all__ = ["points_back", "refers_back", "split_clauses"]

_STARTERS = (
    r"(?:what|when|where|which|who|whose|why|how|can|could|do|does|did|is|are|am|was|were|will|"
    r"would|should|may|has|have|please|tell|give|show|explain|help|cancel|change|track|check|"
    r"find|send|return|refund|reset|update|list|i(?:'m|'d|'ve)?|my|we|it|there)"
)
_BOUNDARY = re.compile(
    rf"(?<=[.?!;])\s+|\s*\n+\s*|"
    rf",?\s+(?:and(?:\s+also)?|but(?:\s+also)?|also|plus|then)\s+(?={_STARTERS}\b)|"
    rf",\s+(?={_STARTERS}\b)",
    re.IGNORECASE,
)
_MIN_WORDS = 3
_CONTINUES = re.compile(
    r"\s*(?:and|but|or|so|also|then|ok(?:ay)?|what about|how about|what if|same|why not)\b",
    re.IGNORECASE,
)
_POINTS_BACK = re.compile(
    r"\b(?:it|its|that|this|those|these|them|they|one|ones|there|then|he|she|him|her)\b",
    re.IGNORECASE,
)
_FOLLOW_UP_MAX_WORDS = 12


def split_clauses(text: str) -> list[str]:
    """Split a message into clauses, in order; a message of one clause comes back alone.

    A piece of fewer than three words stays with the clause before it: it seldom asks anything.
    """
    clauses: list[str] = []
    for piece in _BOUNDARY.split(text):
        clause = piece.strip(" ,;")
        if not clause:
            continue
        if clauses and len(clause.split()) < _MIN_WORDS:
            clauses[-1] = f"{clauses[-1]}, {clause}"
        else:
            clauses.append(clause)
    return clauses or [text.strip()]


def points_back(text: str) -> bool:
    """Tell whether a clause holds a pronoun that stands for something said before."""
    return _POINTS_BACK.search(text) is not None


def refers_back(text: str) -> bool:
    """Tell whether a message begins or points like a follow-up ("and how long does that take?")."""
    short = len(text.split()) <= _FOLLOW_UP_MAX_WORDS
    return short and (_CONTINUES.match(text) is not None or points_back(text))
