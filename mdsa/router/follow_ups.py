"""Whether a message belongs to the domain of the turn before.

"Yes, please", "the second one" and "at 6 pm" carry no domain: alone, a router can only guess. A
logistic regression weighs what the router makes of the message, alone and read together with the
question before it, against what its words show.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import exp, log, log1p

from mdsa.router.pronouns import points_back, refers_back
from mdsa.router.protocol import Route

__all__ = ["WEIGHTS", "content_words", "measure", "stay_probability"]

_FLOOR = 0.01
"""Added to a probability before its logarithm."""

WEIGHTS: Mapping[str, float] = {
    "bias": 1.98,
    "last": 0.75,
    "other": -0.48,
    "out_of_scope": 0.14,
    "last_in_context": 0.46,
    "other_in_context": -0.26,
    "out_of_scope_in_context": 0.01,
    "words": 0.86,
    "content_words": -1.54,
    "strange": -0.41,
    "continues": 0.13,
    "points_back": 0.66,
    "requests": -0.80,
    "adds": -0.25,
    "asked_back": 0.36,
}
"""Fitted by `python -m mdsa.evals.follow_up_fit --data-dir DATA --dialogues 400`."""

_CERTAIN = 0.9
_STRANGE = 0.02
"""A message that scores so for another domain and so for the last one is certain of the other.

In 2,379 turns of SGD's dialogues to fit on, one turn that stayed in spite of it was found, and it
should not have.
"""

_FUNCTION_WORDS = (
    "a an the this that these those it its they them their he him his she her i me id im ive "
    "ill my mine we us our you your youre what whats which who whose when where why how is are "
    "was were am be been being do does did done doing dont doesnt didnt have has had having "
    "can cant could couldnt will wont would wouldnt shall should may might must to of in on at "
    "for from by with about as than into onto up down out over off near and or but if so then "
    "also too either neither both not no nope nah yes yeah yep yup ya sure ok okay alright "
    "fine great good nice perfect excellent awesome cool wonderful fantastic lovely thanks "
    "thank thx please sorry hi hello hey bye goodbye there here just only really very much "
    "more most less some any every all each other another else such own again still yet now "
    "like want wants need needs know tell give get got go going make see say think mean "
    "correct right wrong exactly absolutely definitely certainly course well sounds sound work "
    "works help helped helpful because since while until before after soon later around "
    "between through anything something nothing everything thing things welcome maybe actually "
    "hmm oh ah um uh wow wait mind matter care prefer kind sort way lot bit many long often "
    "few little enough able try happy glad love appreciate question questions ask look looking "
    "one ones two three four five six seven eight nine ten eleven twelve first second third "
    "last next same monday tuesday wednesday thursday friday saturday sunday today tomorrow "
    "tonight day days week weekend month year morning afternoon evening night noon am pm "
    "oclock january february march april june july august september october november december"
)
_STOP_WORDS = frozenset(_FUNCTION_WORDS.split())
_WORD = re.compile(r"[^\W_]+(?:[.:,'\u2019][^\W_]+)*")
_MARKS = str.maketrans("", "", "'.")
_NUMBER = re.compile(r"\d[\d.,:]*(?:st|nd|rd|th|am|pm)?")
_REQUESTS = re.compile(
    r"\b(?:find|search|book|reserve|need|want|looking|look|help|can you|could you|show|get me|"
    r"check|play|what|when|where|how|is there|are there|like to)\b",
    re.IGNORECASE,
)
_ADDS = re.compile(
    r"\b(?:also|another|now|next|else|as well|too|instead|additionally|besides)\b", re.IGNORECASE
)


def content_words(text: str) -> list[str]:
    """Words of a text that are no function word, courtesy, number, date or time."""
    words = (match.group().lower().replace("\u2019", "'") for match in _WORD.finditer(text))
    return [
        word
        for word in words
        if word.translate(_MARKS) not in _STOP_WORDS
        and word.removesuffix("'s") not in _STOP_WORDS
        and not _NUMBER.fullmatch(word)
    ]


def measure(
    text: str,
    message: Route,
    in_context: Route,
    last_domain: str,
    *,
    asked_back: bool,
) -> dict[str, float]:
    """The features of `WEIGHTS`; the arguments are those of `stay_probability`."""
    other = _other(message, last_domain)
    content = len(content_words(text))
    return {
        "bias": 1.0,
        "last": log(message.scores.get(last_domain, 0.0) + _FLOOR),
        "other": log(other + _FLOOR),
        "out_of_scope": log(message.out_of_scope + _FLOOR),
        "last_in_context": log(in_context.scores.get(last_domain, 0.0) + _FLOOR),
        "other_in_context": log(_other(in_context, last_domain) + _FLOOR),
        "out_of_scope_in_context": log(in_context.out_of_scope + _FLOOR),
        "words": log1p(len(text.split())),
        "content_words": log1p(content),
        # "Yes" is out of scope as well, but only words that mean something can be of elsewhere.
        "strange": message.out_of_scope * log1p(content),
        "continues": refers_back(text),
        "points_back": points_back(text),
        "requests": _REQUESTS.search(text) is not None,
        "adds": _ADDS.search(text) is not None,
        "asked_back": asked_back,
    }


def stay_probability(
    text: str,
    message: Route,
    in_context: Route,
    last_domain: str,
    *,
    asked_back: bool = False,
) -> float:
    """Probability that a message belongs to the domain of the turn before.

    Args:
        text: the message.
        message: the router's verdict on it.
        in_context: its verdict on the question before and the message, read as one text.
        last_domain: the domain that answered last.
        asked_back: what the agent said last ends with a question.
    """
    found = measure(text, message, in_context, last_domain, asked_back=asked_back)
    logit = sum(WEIGHTS[name] * value for name, value in found.items())
    stays = 1 / (1 + exp(-logit))
    other = _other(message, last_domain)
    certain = other >= _CERTAIN and message.scores.get(last_domain, 0.0) <= _STRANGE
    # Of a message that says what it is about, the router's certainty is worth more than the habit
    # of staying; the dialogues that the weights were fitted on hold no such turns to tell so.
    return min(stays, 1 - other) if certain and found["content_words"] else stays


def _other(route: Route, last_domain: str) -> float:
    """Score of the best other domain."""
    return max((score for name, score in route.scores.items() if name != last_domain), default=0.0)
