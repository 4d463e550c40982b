"""How well each sentence answers a question, against no answer at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mdsa.models.reader.encoder import CachedEncoder
from mdsa.models.reader.features import FEATURES, Question, features
from mdsa.models.reader.fixed_terms import fixed_terms
from mdsa.models.reader.late_interaction import LATE_FEATURES
from mdsa.models.reader.sentences import Sentence

__all__ = ["probabilities"]

# Fitted by `python -m mdsa.evals.reader_fit`, which prints them; its docstring says on what. First
# for an encoder that tells what tokens mean, as the default does, then for any other.
_INTERCEPTS = (-10.11, -9.0)
_WEIGHTS = {
    "meaning": (-0.54, 0.99),
    "meaning_in_passage": (2.42, 4.07),
    "meaning_above_mean": (5.01, 6.27),
    "meaning_below_best": (5.22, 5.26),
    "meaning_of_passage": (-2.36, -2.95),
    "word_recall": (1.41, 1.0),
    "word_recall_near": (-1.11, 1.36),
    "word_recall_passage": (-0.02, -0.29),
    "name_recall": (-1.06, -0.82),
    "name_recall_passage": (2.78, 3.06),
    "name_unknown": (-0.67, -1.04),
    "right_type": (-0.16, -0.02),
    "lacks_quantity": (-1.92, -1.95),
    "lacks_type": (-1.4, -1.41),
    "adjacent_words": (-0.62, -0.56),
    "first_passages": (1.21, 1.25),
    "short": (-2.41, -3.92),
    "numbered_list": (0.87, 0.5),
    "other_list": (-0.75, -0.97),
    "numbered_item": (-2.38, -2.55),
    "other_item": (0.0, -0.08),
    "untitled": (-2.92, -2.33),
    "untitled_word_recall": (0.78, -0.04),
    "untitled_word_recall_near": (2.32, 2.82),
    "meaning_before": (-0.43, -0.1),
    "meaning_after": (1.25, 1.0),
    "meaning_with_before": (3.03, 4.73),
    "recall_before": (-1.14, -1.02),
    "recall_after": (-0.92, -1.02),
    "names_near_without_passage": (1.68, 2.25),
    "tokens_met": (4.32, 0.0),
    "unfound_tokens_met": (-1.12, 0.0),
    "unfound_tokens_met_near": (7.07, 0.0),
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
    rows = features(question, sentences, titles, encoder)
    names = (*FEATURES, *LATE_FEATURES)[: rows.shape[1]]
    kind = 0 if len(names) > len(FEATURES) else 1
    weights = np.array([_WEIGHTS[name][kind] for name in names])
    logits = rows @ weights + _INTERCEPTS[kind]
    logits += fixed_terms(question, sentences, titles)
    return np.asarray(1 / (1 + np.exp(-logits)))
