"""How well the single words of a question are met in each sentence, by meaning.

Each token of the question is compared with each of a sentence, and its best counts (MaxSim of
Khattab and Zaharia, "ColBERT", 2020), here with the tokens of an encoder that was trained for whole
texts. A vector of the whole sentence blurs what one word of it says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

import numpy as np
from numpy.typing import NDArray

from mdsa.embeddings.token_vectors import TokenVectors
from mdsa.models.reader.words import stem, word_spans

__all__ = ["LATE_FEATURES", "late_interaction", "question_words"]

LATE_FEATURES = ("tokens_met", "unfound_tokens_met", "unfound_tokens_met_near")
"""Names of the columns of `late_interaction`, in order."""

Floats = NDArray[np.float64]


def late_interaction(
    words: Sequence[str],
    question: TokenVectors,
    sentences: Sequence[TokenVectors],
    wanted: Mapping[str, float],
    found: Sequence[Set[str]],
    passages: Sequence[int],
) -> Floats:
    """One row a sentence, one column for each of `LATE_FEATURES`.

    Args:
        words: the word that each token of the question is of, or empty.
        question: its vectors.
        sentences: those of the sentences.
        wanted: weight of each of the question's stems that carry meaning.
        found: stems of each sentence: a word that stands there is met anyhow, and what tells more
            is how well the others are, or all where every one stands there.
        passages: the passage of each sentence, in which the one before it is its neighbour.
    """
    stems = [stem(word) if word else "" for word in words]
    weights = np.array([wanted.get(each, 0.0) for each in stems])
    if not weights.any():  # "What is it?"
        weights = np.ones(len(stems))
    met = _best_similarity(question, sentences)
    before = np.where(np.diff(passages, prepend=-1)[:, None] == 0, np.roll(met, 1, axis=0), met)
    near = np.maximum(met, before)
    content = weights > 0
    rows = []
    for own, own_near, here in zip(met, near, found, strict=True):
        missing = content & np.array([each not in here for each in stems])
        lacking = missing if missing.any() else content
        rows.append((own @ weights / weights.sum(), own[lacking].mean(), own_near[lacking].mean()))
    return np.array(rows, np.float64)


def question_words(text: str, spans: Sequence[tuple[int, int]]) -> list[str]:
    """The word that each token is of; empty for punctuation and special tokens.

    Args:
        text: the question.
        spans: where its tokens begin and end.
    """
    words = word_spans(text)
    return [
        next((word for start, end, word in words if start <= first and last <= end), "")
        if last > first
        else ""
        for first, last in spans
    ]


def _best_similarity(question: TokenVectors, sentences: Sequence[TokenVectors]) -> Floats:
    """Cosine of each of the question's tokens with the nearest of each sentence.

    Returns:
        Shape (sentences, tokens of the question).
    """
    asked = question.tokens.astype(np.float32)
    # Sentence by sentence: BLAS spreads one large product over threads, which costs ten times more.
    best = [(asked @ each.tokens.astype(np.float32).T).max(axis=1) for each in sentences]
    return np.asarray(best, np.float64)
