"""Messages that ask nothing: greetings, thanks and farewells."""

from __future__ import annotations

import re
from typing import Literal

__all__ = ["SmallTalk", "small_talk"]

SmallTalk = Literal["greeting", "thanks", "farewell"]

# fmt: off
_KINDS: dict[SmallTalk, frozenset[str]] = {
    "thanks": frozenset({"thanks", "thank", "thx", "ty", "cheers", "appreciated"}),
    "farewell": frozenset({"bye", "goodbye", "farewell", "ciao", "cya"}),
    "greeting": frozenset({"hello", "hi", "hey", "hiya", "howdy", "greetings", "morning",
                           "afternoon", "evening", "sup"}),
}
_BESIDES = frozenset(
    {"a", "again", "agent", "alright", "all", "and", "are", "awesome", "bot", "bunch", "cool",
     "day", "dear", "doing", "everyone", "excellent", "folks", "for", "fine", "good", "great",
     "guys", "have", "how", "i", "it", "later", "lot", "lovely", "m", "man",
     "mate", "million", "much", "my", "nice", "night", "now", "oh", "ok", "okay", "perfect", "re",
     "s", "see", "sir", "so", "take", "care", "team", "that", "the", "there", "this", "to", "today",
     "ton", "up", "very", "weekend", "well", "what", "wonderful", "yeah", "yes", "you", "your"}
)
# fmt: on
_MARKS = frozenset().union(*_KINDS.values())
_PHRASES: tuple[tuple[SmallTalk, re.Pattern[str]], ...] = (
    ("greeting", re.compile(r"how are you(?: doing)?(?: today)?|what ?s up|good day")),
    (
        "farewell",
        re.compile(r"see (?:you|ya)(?: later| soon)?|have a (?:nice|good) \w+|good ?night"),
    ),
)
_WORD = re.compile(r"[^\W_]+")
_MOST_WORDS = 10


def small_talk(text: str) -> SmallTalk | None:
    """Tell what kind of small talk a message is, if it is nothing else.

    It must hold a word that greets, thanks or takes leave, and besides only courtesies.
    """
    words = _WORD.findall(text.lower())
    if not words or len(words) > _MOST_WORDS:
        return None
    plain = " ".join(words)
    for kind, phrase in _PHRASES:
        if phrase.fullmatch(plain):
            return kind
    for kind, marks in _KINDS.items():
        if marks.intersection(words):
            helped = {"help", "helping"} if kind == "thanks" else set()
            others = set(words) - _BESIDES - helped
            return kind if all(word in _MARKS for word in others) else None
    return None
