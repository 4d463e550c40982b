"""Truth values that a message tells: "no extra rinse", "the warranty ran out", "by post"."""

from __future__ import annotations

import re

from mdsa.models.reader.slots import Slot
from mdsa.models.reader.values import Found
from mdsa.models.reader.words import STOP_WORDS, stem

__all__ = ["truth"]

_WORD = re.compile(r"[\w'-]+")
_NEGATION = re.compile(
    r"\b(?:no|not|don't|dont|do not|doesn't|won't|can't|cannot|isn't|without|never|nobody|none|off|"
    r"stop|neither|needn't)\b",
    re.IGNORECASE,
)
_NEGATED_AFTER = re.compile(
    r"^\W*(?:\w+\W+){0,2}(?:ran out|is over|(?:has )?ended|(?:has )?expired|not (?:needed|wanted)|"
    r"isn't (?:needed|wanted)|unnecessary)\b",
    re.IGNORECASE,
)
_BEFORE = 25
_CLAUSE_END = re.compile(r"[.;!?]|,\s|\bbut\b", re.IGNORECASE)
_SIDES = re.compile(
    r"\btrue\s+(?:if|for|to|when|:)?\s*(.*?)(?:[,;]\s*false\s+(?:if|for|to|when)?\s*(.*))?$"
)
_GENERIC_TEXT = """
whether true false wanted want wished wish needed need requested said customer client patient person
member user guest visitor caller still already only also given another should shall may must there
somebody someone anyone one option service send
"""
_GENERIC = frozenset(stem(word) for word in _GENERIC_TEXT.split())
_PREFIX = 5
_ENOUGH = 0.5


def truth(slot: Slot, text: str) -> list[Found]:
    """True where the message names the property, false where it names it with a negation.

    The property's own name counts first. Then what the description says: "true if A, false if B".
    """
    wanted = {stem(word) for word in slot.name_words if word not in STOP_WORDS} - {"is", "has"}
    words = list(_WORD.finditer(text))
    for match in words:
        own = stem(match.group().replace("-", ""))
        opposite = stem(re.sub(r"^(?:un|dis|non-?)", "", match.group().lower()))
        if any(_same(own, one) for one in wanted):
            return [Found(not _negated(text, match), *match.span())]
        if opposite != own and opposite in wanted:
            return [Found(value=False, start=match.start(), end=match.end())]
    sides = _SIDES.search(slot.description.lower())
    if sides is None:
        yes, no = _stems(slot.description), set[str]()
    else:
        yes, no = _stems(sides.group(1) or ""), _stems(sides.group(2) or "")
    for told, value in ((no - yes, False), (yes - no, True)):
        found = [match for match in words if stem(match.group()) in told]
        if found and len({stem(match.group()) for match in found}) >= _ENOUGH * len(told):
            negated = any(_negated(text, match) for match in found)
            return [Found(value is not negated, *found[0].span())]
    return []


def _same(word: str, wanted: str) -> bool:
    if word == wanted:
        return True
    return min(len(word), len(wanted)) >= _PREFIX and word[:_PREFIX] == wanted[:_PREFIX]


def _stems(text: str) -> set[str]:
    found = {stem(word) for word in _WORD.findall(text) if word.lower() not in STOP_WORDS}
    return found - _GENERIC


def _negated(text: str, match: re.Match[str]) -> bool:
    """Whether a negation stands before the word in its clause, or an end of it after."""
    before = _CLAUSE_END.split(text[max(0, match.start() - _BEFORE) : match.start()])[-1]
    after = text[match.end() :]
    return _NEGATION.search(before) is not None or _NEGATED_AFTER.match(after) is not None
