"""Words as the reader compares them: stems of the words that carry meaning."""

from __future__ import annotations

import re
import threading
from functools import lru_cache

import snowballstemmer

__all__ = [
    "STOP_WORDS",
    "codes",
    "content_stems",
    "distinctive_terms",
    "is_attribute",
    "stem",
    "tokens",
    "word_spans",
]

_TOKEN = re.compile(r"[A-Za-zÀ-ɏ0-9]+(?:['’][A-Za-z]+|[-_.][A-Za-z0-9]+)*")  # noqa: RUF001
_CODE = re.compile(r"(?<![\w-])(?=[A-Za-z]+[-_.]?\d)[A-Za-z0-9]+(?:[-_.][A-Za-z0-9]+)*")
_STEMMER = snowballstemmer.stemmer("english")
_STEMMER_LOCK = threading.Lock()

_STOP_WORDS_TEXT = """
a about above after again all also am an and any are aren't as at be because been before
    being below between both but by can can't cannot could couldn't did didn't do does doesn't
    doing don't down during each either else even ever every few for from further get gets getting
    give given go got had hadn't has hasn't have haven't having he he's her here hers herself him
    himself his how how's i i'd i'll i'm i've if in into is isn't it it's its itself just kind know
    let let's like many may me might mine more most much must my myself name need no nor not now of
    off on once one only or other ought our ours ourselves out over own per please same shall she
    should shouldn't since so some such tell than thank thanks that that's the their theirs them
    themselves then there there's these they they're this those through thus to too under until up
    upon us very want wants was wasn't we we'd we're we've were weren't what what's when where
    where's which while who who's whom whose why will with within without won't would wouldn't yes
    yet you you'd you'll you're you've your yours yourself hi hello hey ok okay well really still
    type exist mean called known used use using way thing things something anything
"""
STOP_WORDS = frozenset(_STOP_WORDS_TEXT.split())


# Words that people at a support desk use for one another; the first of a group stands for all.
_EQUIVALENTS = """cost price fee charge pricing; ship deliver dispatch delivery shipment shipping;
accept take; refund reimburse reimbursement; buy purchase bought purchasing; start begin commence;
stop quit; change modify update edit alter; delete remove erase; phone telephone mobile;
e-mail email mail; password passcode; buy bought; send sent; parcel package; return returned;
shop store; company business firm; reset restore; fix repair mend; problem issue trouble fault;
find locate; sign log; picture photo image; discount rebate reduction; customer client;
instalment installment instalments installments; cheque check; colour color colours colors;
address location; pay paid payment; track trace""".replace("\n", " ")
_PHRASES = tuple(
    (re.compile(rf"\b(?:{phrase})\b", re.IGNORECASE), word)
    for phrase, word in (
        (r"(?:send|sent|sending|give|bring|take|ship) (?:\w+ )?back", "return"),
        (r"(?:call|calling) (?:\w+ )?off|no longer (?:need|want)", "cancel"),
        (r"get rid of", "delete"),
        (r"look(?:ing)? up", "find"),
    )
)
_ATTRIBUTES_TEXT = """
red green blue yellow black white grey gray orange purple pink brown silver gold small medium
    large monday tuesday wednesday thursday friday saturday sunday
"""
_ATTRIBUTES = frozenset(_ATTRIBUTES_TEXT.split())


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The stem of one word, in lower case (Snowball's English stemmer)."""
    lowered = word.lower().replace("’", "'").removesuffix("'s")  # noqa: RUF001
    if any(character.isdigit() for character in lowered):
        return lowered
    found = _snowball(lowered)
    return _equivalents().get(found, found)


def _snowball(word: str) -> str:
    with _STEMMER_LOCK:  # the pure-Python stemmer keeps its state in the object
        return str(_STEMMER.stemWord(word))


@lru_cache(maxsize=1)
def _equivalents() -> dict[str, str]:
    groups = [group.split() for group in _EQUIVALENTS.split(";")]
    return {_snowball(word): _snowball(group[0]) for group in groups for word in group}


def tokens(text: str) -> list[str]:
    """Words and numbers as written, without punctuation; `ORD-1001` and `2.5` stay whole."""
    return _TOKEN.findall(text)


def word_spans(text: str) -> list[tuple[int, int, str]]:
    """The words and numbers of `tokens`, each with where it begins and ends."""
    return [(*match.span(), match.group()) for match in _TOKEN.finditer(text)]


def content_stems(text: str) -> list[str]:
    """Stems of the words that carry meaning, in their order, repeats kept."""
    return list(_content_stems(text))


@lru_cache(maxsize=8192)  # sentences of passages come back within a turn and from turn to turn
def _content_stems(text: str) -> tuple[str, ...]:
    for pattern, word in _PHRASES:
        text = pattern.sub(word, text)
    return tuple(stem(word) for word in tokens(text) if word.lower() not in STOP_WORDS)


def is_attribute(word: str) -> bool:
    """Whether a word is a colour, size or weekday: an answer about one says nothing of another."""
    return word.lower() in _ATTRIBUTES


def codes(text: str) -> set[str]:
    """Identifiers that begin with letters and hold digits, in lower case: `e21`, `ord-1002`."""
    return {match.group().lower() for match in _CODE.finditer(text)}


def distinctive_terms(text: str) -> set[str]:
    """Stems of names, codes, numbers, colours and the like: words that exclude one another.

    The first word of a sentence counts as a name only where it holds a digit or several capitals.
    """
    found: set[str] = set()
    for match in _TOKEN.finditer(text):
        word = match.group()
        before = text[: match.start()].rstrip(" \"'(«“")
        first = not before or before[-1] in ".?!:\n"
        coded = any(c.isdigit() for c in word) or sum(c.isupper() for c in word) > 1
        named = word[0].isupper() and not first and word.lower() not in STOP_WORDS
        if coded or named or is_attribute(word):
            found.add(stem(word))
    return found
