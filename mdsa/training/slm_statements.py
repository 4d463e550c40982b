"""From a question and the words that answer it to a sentence that a person would say."""

from __future__ import annotations

import re

__all__ = ["statement"]

_LONGEST_SENTENCE = 170
_LONGEST_TURNED = 9
"""Words; a longer answer is a sentence already."""
_BE = re.compile(r"^(?:what|who|which) (?P<verb>is|was|are|were) (?P<rest>.+)$", re.IGNORECASE)
_SUBJECT = re.compile(r"^(?:what|who) (?P<rest>(?P<verb>[a-z]+) .+)$", re.IGNORECASE)
_BEGINS_NOUN = re.compile(
    r"^(?:the|a|an|his|her|its|their|your|our|my|one|some|any|this|that|these|[A-Z][\w'-]*)\b"
)
_NOT_SUBJECT = frozenset(
    [
        "did",
        "do",
        "does",
        "is",
        "was",
        "are",
        "were",
        "has",
        "have",
        "had",
        "can",
        "could",
        "should",
        "would",
        "will",
        "may",
        "might",
        "must",
        "if",
    ]
)
_DANGLING = re.compile(
    r"\b(?:of|in|on|at|by|for|to|from|with|about|into|as|called|named|known as)$|\b(?:and|or|but) "
    r"(?:what|who|when|where|why|how)\b|,|\b(?:do|does|did)\b"
)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[\"'(\[A-Z0-9])|\n+")


def statement(question: str, span: str, passage: str) -> str:
    """Answer in a sentence, without the full stop.

    The question's own words come first where it can be turned round without inflecting a verb;
    otherwise the passage's sentence, if it is short; otherwise the span alone.

    Args:
        question: as asked.
        span: the answer, word for word.
        passage: holds the span.
    """
    said = " ".join(span.split()).rstrip(".,;:")
    turned = _turn(question.strip().rstrip("?. "), said)
    if turned is not None:
        return turned[0].upper() + turned[1:]
    whole = next((s for s in _SENTENCE_END.split(passage) if span.strip() in s), "")
    whole = " ".join(whole.split())
    if 0 < len(whole) <= _LONGEST_SENTENCE and whole[0].isupper():
        return whole.rstrip('.,;:"')
    return said[0].upper() + said[1:]


def _turn(question: str, said: str) -> str | None:
    if len(said.split()) > _LONGEST_TURNED or _DANGLING.search(question):
        return None
    be = _BE.match(question)
    if be:
        rest = be["rest"]
        if rest.split()[0].lower() in {"there", "it", "you", "i", "we", "they", "being"}:
            return None
        if _BEGINS_NOUN.match(rest):
            return f"{rest} {be['verb']} {said}"
        return f"{said} {be['verb']} {rest}"
    subject = _SUBJECT.match(question)
    if subject and subject["verb"].lower() not in _NOT_SUBJECT:
        verb = subject["verb"].lower()
        if question.lower().startswith("who ") or verb.endswith(("ed", "es", "ns", "ts")):
            return f"{said} {subject['rest']}"
    return None
