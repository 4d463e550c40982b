"""How well each sentence answers a question, against no answer at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mdsa.models.reader.encoder import CachedEncoder
from mdsa.models.reader.features import FEATURES, Question, features
from mdsa.models.reader.fixed_terms import fixed_terms
from mdsa.models.reader.sentences import Sentence

__all__ = ["probabilities"]

# Fitted by `python -m mdsa.evals.reader_fit`, which prints them; its docstring says on what.
_INTERCEPT = -6.53
_WEIGHTS = {
    "meaning": 1.92,
    "meaning_in_passage": 5.88,
    "meaning_above_mean": 7.19,
    "meaning_below_best": 4.92,
    "meaning_of_passage": -0.57,
    "word_recall": 0.96,
    "word_recall_near": 1.67,
    "word_recall_passage": -1.16,
    "name_recall": -0.9,
    "name_recall_passage": 0.77,
    "name_unknown": -1.49,
    "right_type": -0.06,
    "lacks_quantity": -1.84,
    "lacks_type": -1.41,
    "adjacent_words": 0.01,
    "first_passages": 1.32,
    "short": -3.79,
    "numbered_list": 0.51,
    "other_list": -0.9,
    "numbered_item": -2.58,
    "other_item": -0.31,
    "untitled": -2.39,
    "untitled_word_recall": 0.73,
    "untitled_word_recall_near": 1.91,
}


def probabilities(
    question: Question,
    sentences: Sequence[Sentence],
    titles: dict[int, str],
    encoder: CachedEncoder,
) -> NDArray[np.float64]:
    """Probability that each sentence answers rather than nothing does, in [0, 1].

    They do not add up to one: each sentence is compared with no answer alone.

    Args:
        question: what is asked.
        sentences: candidates, in the order of their passages.
        titles: title of each passage by its id.
        encoder: sentence encoder.
    """
    weights = np.array([_WEIGHTS[name] for name in FEATURES])
    logits = features(question, sentences, titles, encoder) @ weights + _INTERCEPT
    logits += fixed_terms(question, sentences, titles)
    return np.asarray(1 / (1 + np.exp(-logits)))
