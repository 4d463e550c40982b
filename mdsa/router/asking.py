"""Tells what asks for something from what only says how things are."""

from __future__ import annotations

import re

__all__ = ["asks", "begins_asking", "content_words", "is_condition", "words"]

_LEADING = (
    r"^\W*(?:(?:and|or|so|also|but|then|plus|ok|okay|well|oh|hi|hello|hey|btw|by the way|please|pls"
    r"|yes|no|now|if (?:so|not|yes|no)|in that case|thanks|thank you|sorry|quick question)\W+)*"
)
_PERSON = r"(?:i|you|u|we|he|she|it|they|there|this|that|these|those|my|our|your|the|a|an|any\w*)"
_AUXILIARY = (
    r"(?:can|could|do|does|did|is|are|am|was|were|will|would|should|may|must|might|shall|has|have"
    r"|had|cant|can't|couldn't|isn't|aren't|don't|doesn't|won't|wouldn't|shouldn't)"
)
_QUESTION = (
    r"(?:what|whats|what's|how|hows|how's|why|who|whos|who's|whom|whose|which|where|wheres|where's"
    r"|when|whens|when's)"
)
_IMPERATIVE = (
    r"(?:tell|give|show|send|cancel|book|change|put|let|help|check|explain|find|move|add|remove"
    r"|stop|close|open|order|reserve|pause|block|update|register|sign|switch|transfer|refund|return"
    r"|call|ring|arrange|confirm|say|get|take|make|remind|recommend|compare|list|extend|renew"
    r"|freeze|unlock|lock|delete|report|play|set|turn|start|buy|translate|schedule|request)"
)
_STARTS = re.compile(
    rf"{_LEADING}(?:{_QUESTION}|{_AUXILIARY}|{_IMPERATIVE}|any\w*|whether)\b", re.IGNORECASE
)
_ASKS = re.compile(
    rf"\?|\b(?:(?:{_AUXILIARY}) {_PERSON}\b|how (?:much|many|long|far|often|soon|old|big|do|to)\b"
    r"|what(?:'s|s| is| are| do| does| would| will| can| time| to)\b"
    r"|(?:i|we)(?:'d| would) (?:like|love)"
    r"|(?:i|we) (?:want|need|wanna|wish|must|have to)|wonder\w*|curious|please|pls|tell me"
    r"|let me know|looking for|want to|would like|wanna|like to know|thinking of|no idea"
    r"|(?:don't|dont|not) (?:know|understand|get|see))",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"^\W*(?:and |or |but |so )?(?:if|when|before|after|since|because|as|while|whilst|once|unless"
    r"|suppose|supposing|in case|until|although|though|given|assuming|now that)\b(?! (?:so|not)\b)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_EMPTY_WORDS = (
    "a about actually all also am an and any anything are as at be because been being but by "
    "can can't cant check cost costs could did do does doesn't don't dont else even ever for "
    "from get gets getting go going got had has have he her here him his how how's hows i i'd "
    "i'll i'm i've idea if im in into is isn't it it's its ive just know last let like long "
    "many may me mean might much must my need no not now of off ok on once one ones only or "
    "other our out over own pay please price reason same see she should so some something "
    "soon still such sure tell than that that's thats the their them then there these they "
    "thing things this those though time to too try u until up us very want was we we're well "
    "were what what's whats when where where's wheres whether which while who who's whom "
    "whose why will with without won't work works would ya yes yet you you're your"
)
_EMPTY = frozenset(_EMPTY_WORDS.split())


def asks(text: str) -> bool:
    """Tell whether a clause asks or demands something; "my son is four" does not."""
    if _CONDITION.match(text) and "?" not in text:
        return False
    return begins_asking(text) or _ASKS.search(text) is not None


def begins_asking(text: str) -> bool:
    """Tell whether a clause begins as a question or a request does ("can I", "tell me")."""
    return _STARTS.search(text) is not None


def is_condition(text: str) -> bool:
    """Tell whether a clause begins as one that another depends on ("before I sign")."""
    return _CONDITION.match(text) is not None


def words(text: str) -> list[str]:
    """The words of a text as they stand there."""
    return _WORD.findall(text)


def content_words(text: str) -> int:
    """How many words of a clause name something: "what would that cost" has none."""
    return sum(word.lower() not in _EMPTY for word in words(text.replace("\u2019", "'")))
