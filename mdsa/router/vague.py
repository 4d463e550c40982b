"""How likely a message is too vague to say which domain it asks: "how long does it take?".

Such a message names next to nothing, and its words fit several domains. A logistic regression on
how much it names and on how the router's scores lie.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import exp, log

from mdsa.router.asking import content_words, words
from mdsa.router.pronouns import points_back

__all__ = ["FEATURES", "vague_features", "vague_probability"]

FEATURES = (
    "words",  # log of the words
    "content",  # log of the words that name something
    "points_back",  # it holds a pronoun that stands for something said before
    "digits",  # it holds a number, which belongs to something definite
    "best",  # log of the best domain's share of the domains' probability
    "rest",  # log of the others' share
    "out_of_scope",  # log of the probability that no domain fits
)
"""What is measured of a message, in order."""

_INTERCEPT = 7.71
_WEIGHTS = (-1.02, -4.42, 1.94, -1.30, 0.48, 0.90, 0.23)
"""Fitted by `python -m mdsa.evals.vague_fit --data-dir DATA`."""

_FLOOR = 0.01
_MANY_CONTENT_WORDS = 6
_DIGIT = re.compile(r"\d")


def vague_features(text: str, scores: Mapping[str, float], out_of_scope: float) -> list[float]:
    """What is measured of a message.

    Args:
        text: the message.
        scores: of the domains, at least one of them.
        out_of_scope: probability that none fits.
    """
    best = max(scores.values()) / (sum(scores.values()) or 1.0)
    return [
        log(1 + len(words(text))),
        log(1 + min(content_words(text), _MANY_CONTENT_WORDS)),
        float(points_back(text)),
        float(_DIGIT.search(text) is not None),
        log(max(best, _FLOOR)),
        log(max(1 - best, 0.0) + _FLOOR),
        log(out_of_scope + _FLOOR),
    ]


def vague_probability(text: str, scores: Mapping[str, float], out_of_scope: float) -> float:
    """Probability that a message does not say which domain it asks.

    A text without words has 0: nothing can be asked back about it.

    Args:
        text: the message, without anything said before.
        scores: of the domains.
        out_of_scope: probability that none fits.
    """
    if not scores or not words(text):
        return 0.0
    features = vague_features(text, scores, out_of_scope)
    log_odds = _INTERCEPT + sum(
        weight * value for weight, value in zip(_WEIGHTS, features, strict=True)
    )
    return 1 / (1 + exp(-log_odds))
