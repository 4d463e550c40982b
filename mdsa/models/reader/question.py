"""A message cut into the questions and requests it holds, each with what it refers back to."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mdsa.models.reader.features import Question
from mdsa.models.reader.sentences import split_prose
from mdsa.models.reader.values import quotations
from mdsa.models.reader.words import content_stems, distinctive_terms, is_attribute, stem, tokens

__all__ = ["background_for", "is_question", "is_request", "resolve", "split_message"]

_WH = r"how|what|when|where|who|whom|whose|why|which"
_AUX = r"is|are|was|were|do|does|did|can|could|will|would|should|may|must|has|have|am"
_ASKS = re.compile(
    rf"^\W*(?:(?:and|but|so|also|ok|okay|please|hi|hello|then|or)\W+)*(?:{_WH}|{_AUX})\b"
    r"|\?\W*$|\b(?:tell|explain|know|wonder|wondering)\b.*\b(?:how|what|when|where|who|why|which|if)\b",
    re.IGNORECASE,
)
_JOINT = re.compile(
    rf"(?:,|;)?\s+(?:and|also|plus|but)\s+(?:also\s+)?(?=(?:{_WH})\b"
    rf"|(?:{_AUX})\s+(?:i|you|we|they|it|there|the|my|your|this|that)\b"
    r"|(?:please|tell|show|give|cancel|track|check|return|change|book|send|find|update|order)\s+"
    r"(?:me|my|the|a|an|order|it|them|this|that|[A-Z#0-9]))",
    re.IGNORECASE,
)
_WISHES = re.compile(
    r"\b(?:please|(?:can|could|would|will) you|i(?:'d| would)? (?:want|need|like|wish)|"
    r"i no longer (?:want|need)|let's)\b",
    re.IGNORECASE,
)
_STATES = re.compile(
    r"^\W*(?:i|i'm|i've|we|you|he|she|it|they|there|this|that|these|those|my|our|your|his|her|their|"
    r"the|a|an|no|yes|thanks|thank|hi|hello|hey)\b",
    re.IGNORECASE,
)
_HIDDEN = {ord("."): "\ue000", ord("!"): "\ue001", ord("?"): "\ue002"}
_SHOWN = {ord(hidden): chr(mark) for mark, hidden in _HIDDEN.items()}
_CONTINUES = re.compile(
    r"^\W*(?:and|but|or|so|also|then|what about|how about|what if|ok(?:ay)?)\b", re.IGNORECASE
)
_REFERS = re.compile(
    r"\b(?:it|its|that|this|they|them|their|those|these|one|ones|he|she|his|her|him|there|same|"
    r"instead|other)\b",
    re.IGNORECASE,
)


_THINGS = r"order|parcel|package|shipment|ticket|case|claim|invoice|booking|account|device|item"
_IT = re.compile(
    rf"\b(?:the|this|that|my)\s+(?:same\s+)?(?:one|{_THINGS})\b"
    r"|\b(?:it|this|that)\b(?!\s+(?:is|was|takes?|costs?|depends)\b)",
    re.IGNORECASE,
)
_CODED = re.compile(rf"\b(?:(?:{_THINGS})\s+)?(?=[A-Z]+-?\d)[A-Z]+-?\d[\w-]*")


def is_question(text: str) -> bool:
    """Whether a clause asks something, rather than states or orders it."""
    return _ASKS.search(text) is not None


def is_request(text: str) -> bool:
    """Whether a clause orders something ("cancel it", "I want to…") rather than states it."""
    return _WISHES.search(text) is not None or _STATES.match(text) is None


def resolve(text: str, background: str) -> str:
    """The text with the thing that its pronoun stands for, where that has a code.

    "And what is in it?", after "Where is order ORD-1002?", is "And what is in order ORD-1002?".
    """
    found = list(_CODED.finditer(background))
    if not found or _CODED.search(text):
        return text
    return _IT.sub(found[-1].group(), text, count=1)


def split_message(message: str, earlier: Sequence[str] = ()) -> list[Question]:
    """The questions and requests in a message, in their order.

    Statements are background for what follows them; a pronoun or a fragment looks back to the
    clause before it and then to earlier messages.

    Args:
        message: what the person wrote, without passages.
        earlier: their messages before it, oldest first.
    """
    clauses = [
        part.strip(" ,;").translate(_SHOWN)
        for sentence in split_prose(_without_ends(" ".join(message.split())))
        for part in _JOINT.split(sentence)
        if part.strip(" ,;")
    ]
    meaningful = [clause for clause in clauses if content_stems(clause) or is_question(clause)]
    asked = [
        clause for clause in meaningful if is_question(clause) or is_request(clause)
    ] or meaningful
    found: list[Question] = []
    for clause in asked:
        place = meaningful.index(clause)
        before = meaningful[:place]
        statements = [text for text in before if text not in asked]
        found.append(Question(clause, background_for(clause, [*earlier, *before], statements)))
    return found


def _without_ends(text: str) -> str:
    """The text with the marks that end sentences within quotations hidden: a quotation is whole."""
    for found in quotations(text):
        inside = text[found.start : found.end].translate(_HIDDEN)
        text = text[: found.start] + inside + text[found.end :]
    return text


def background_for(clause: str, earlier: Sequence[str], statements: Sequence[str] = ()) -> str:
    """Text that the clause leans on; empty where it stands on its own.

    "What about the blue one?" leans on the question before it, without the words that it puts
    others in the place of ("white").
    """
    own = content_stems(clause)
    names = distinctive_terms(clause)
    refers = _REFERS.search(clause) is not None and len(own) < 5
    leans = refers or len(own) < 2 or (_CONTINUES.match(clause) is not None and len(own) < 4)
    if not leans or not earlier:
        return " ".join(statements) if refers or not own else ""
    for place in range(len(earlier) - 1, -1, -1):
        text = earlier[place]
        if content_stems(text):
            # The earlier one may itself lean on one before it.
            text = f"{background_for(text, earlier[:place])} {text}".strip()
            return _without_replaced(text, names)
    return ""


def _without_replaced(text: str, names: set[str]) -> str:
    """Drop words that the newer clause replaces: a colour by a colour, a name by a name."""
    if not names:
        return text
    attribute = any(is_attribute(name) for name in names)
    coded = any(any(c.isdigit() for c in name) for name in names)
    plain = any(not is_attribute(n) and not any(c.isdigit() for c in n) for n in names)
    for word in tokens(text):
        if stem(word) not in distinctive_terms(text) or stem(word) in names:
            continue
        has_digit = any(c.isdigit() for c in word)
        is_colour = is_attribute(word)
        if (
            (attribute and is_colour)
            or (coded and has_digit)
            or (plain and not has_digit and not is_colour)
        ):
            text = re.sub(rf"\b{re.escape(word)}\b", "", text)
    return " ".join(text.split())
