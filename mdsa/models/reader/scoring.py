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
_INTERCEPT = -8.97
_WEIGHTS = {
    "meaning": 0.98,
    "meaning_in_passage": 4.25,
    "meaning_above_mean": 6.13,
    "meaning_below_best": 5.22,
    "meaning_of_passage": -3.01,
    "word_recall": 1.03,
    "word_recall_near": 1.71,
    "word_recall_passage": -0.78,
    "name_recall": -0.81,
    "name_recall_passage": 2.99,
    "name_unknown": -1.15,
    "right_type": -0.02,
    "lacks_quantity": -1.94,
    "lacks_type": -1.42,
    "adjacent_words": -0.58,
    "first_passages": 1.29,
    "short": -3.93,
    "numbered_list": 0.47,
    "other_list": -1.08,
    "numbered_item": -2.58,
    "other_item": -0.17,
    "untitled": -2.33,
    "untitled_word_recall": -0.02,
    "untitled_word_recall_near": 2.87,
    "meaning_before": -0.14,
    "meaning_after": 0.93,
    "meaning_with_before": 4.8,
    "recall_before": -1.01,
    "recall_after": -0.84,
    "names_near_without_passage": 2.33,
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
    weights = np.array([_WEIGHTS.get(name, 0.0) for name in FEATURES])
    logits = features(question, sentences, titles, encoder) @ weights + _INTERCEPT
    logits += fixed_terms(question, sentences, titles)
    return np.asarray(1 / (1 + np.exp(-logits)))
