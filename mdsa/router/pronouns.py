"""What points back to something said before: pronouns without a noun of their own."""

from __future__ import annotations

import re

__all__ = ["points_back", "refers_back"]

_CONTINUES = re.compile(
    r"\s*(?:and|but|or|so|also|then|ok(?:ay)?|what about|how about|what if|same|why not)\b",
    re.IGNORECASE,
)
# Left out: "what time is it", "is it raining", "there is", "this week", "a song that I like".
_NOTHING_MEANT = re.compile(
    r"\b(?:what (?:time|day|date|month|year) (?:is it|it is)"
    r"|(?:is|was|will) it (?:be |going to )*"
    r"(?:rain|snow|cold|hot|warm|sunny|windy|wet|humid|dark)\w*"
    r"|it(?:'s| is| will| going)? (?:be |going to |gonna )*(?:rain|snow)\w*"
    r"|(?:does|did|will|would) it (?:take|cost|be)\b.* (?:to|for|in|if|when)\b"
    r"|(?:it(?:'s| is| was| would be)|(?:is|was|would) it(?: be)?) "
    r"(?:possible|ok|okay|safe|legal|true|necessary|common|normal|hard|easy|better|best|worth|time"
    r"|fine|good|bad)\b.* (?:to|that|for|if)\b"
    r"|(?:is|are|was|were|will|isn't|aren't) there\b"
    r"|there (?:is|are|was|were|will|has|have)\b|there's"
    r"|(?:this|that|these|those) (?:morning|afternoon|evening|night|day|week|weekend|month|year"
    r"|summer|winter|spring|fall|autumn|time|way|kind|sort)s?\b)",
    re.IGNORECASE,
)
_POINTER = re.compile(
    r"\b(?:it|its|this|those|these|them|they|he|she|him|her|there"
    r"|that(?=\s*(?:[?.!,]|$|take|took|work|cost|mean|need|apply|happen|include|come|one\b))"
    r"|^that(?=\s*(?:'s|is|was|will|would|does)\b)"
    r"|(?<=\bdoes )that|(?<=\bdid )that|(?<=\bis )that|(?<=\babout )that|(?<=\bfor )that"
    r"|(?<=\bof )that|(?<=\bafter )that|(?<=\bwith )that|(?<=\bdo )that"
    r"|(?:the|this|that|which|another|other|first|second|third|last|next|new|old) ones?)\b",
    re.IGNORECASE,
)
_FOLLOW_UP_MAX_WORDS = 12
_MOST_WORDS_BEFORE = 5
"""A pronoun further on stands for a noun of its own sentence as a rule."""


def points_back(text: str) -> bool:
    """Tell whether a clause holds a pronoun that stands for something said before."""
    text = _NOTHING_MEANT.sub(" ", text)
    found = _POINTER.search(text)
    return found is not None and len(text[: found.start()].split()) <= _MOST_WORDS_BEFORE


def refers_back(text: str) -> bool:
    """Tell whether a message begins or points like a follow-up ("and how long does that take?")."""
    short = len(text.split()) <= _FOLLOW_UP_MAX_WORDS
    return short and (_CONTINUES.match(text) is not None or points_back(text))
