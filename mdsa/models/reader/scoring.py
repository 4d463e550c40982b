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
_INTERCEPTS = (-12.28, -8.43)
_WEIGHTS = {
    "meaning": (1.49, -1.07),
    "meaning_in_passage": (1.95, 6.31),
    "meaning_above_mean": (3.84, 4.91),
    "meaning_below_best": (4.5, 6.64),
    "meaning_of_passage": (-2.47, -4.98),
    "word_recall": (0.57, 2.05),
    "word_recall_near": (-1.03, 1.24),
    "word_recall_passage": (-0.17, -1.09),
    "name_recall": (-1.11, -1.05),
    "name_recall_passage": (3.51, 3.23),
    "name_unknown": (-0.83, -0.91),
    "right_type": (-0.12, -0.08),
    "lacks_quantity": (-1.18, -1.68),
    "lacks_type": (-0.71, -0.94),
    "adjacent_words": (-0.59, -0.46),
    "first_passages": (1.12, 1.16),
    "short": (-4.48, -5.41),
    "numbered_list": (0.33, -0.07),
    "other_list": (0.13, 0.12),
    "numbered_item": (-2.14, -2.86),
    "other_item": (-2.16, -2.3),
    "untitled": (-2.48, -2.07),
    "untitled_word_recall": (2.35, -0.15),
    "untitled_word_recall_near": (1.43, 2.76),
    "meaning_before": (-1.07, 0.23),
    "meaning_after": (0.59, 0.96),
    "meaning_with_before": (3.92, 5.27),
    "recall_before": (-0.44, -0.33),
    "recall_after": (0.31, -0.17),
    "names_near_without_passage": (2.46, 2.44),
    "tokens_met": (6.25, 0.0),
    "unfound_tokens_met": (-2.2, 0.0),
    "unfound_tokens_met_near": (7.95, 0.0),
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
