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
_INTERCEPT = -9.0
_WEIGHTS = {
    "meaning": 0.99,
    "meaning_in_passage": 4.07,
    "meaning_above_mean": 6.27,
    "meaning_below_best": 5.26,
    "meaning_of_passage": -2.95,
    "word_recall": 1.0,
    "word_recall_near": 1.36,
    "word_recall_passage": -0.29,
    "name_recall": -0.82,
    "name_recall_passage": 3.06,
    "name_unknown": -1.04,
    "right_type": -0.02,
    "lacks_quantity": -1.95,
    "lacks_type": -1.41,
    "adjacent_words": -0.56,
    "first_passages": 1.25,
    "short": -3.92,
    "numbered_list": 0.5,
    "other_list": -0.97,
    "numbered_item": -2.55,
    "other_item": -0.08,
    "untitled": -2.33,
    "untitled_word_recall": -0.04,
    "untitled_word_recall_near": 2.82,
    "meaning_before": -0.1,
    "meaning_after": 1.0,
    "meaning_with_before": 4.73,
    "recall_before": -1.02,
    "recall_after": -1.02,
    "names_near_without_passage": 2.25,
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
