"""Variations of texts for a teacher to label: words exchanged for similar ones, or left out."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

__all__ = ["WordSwaps", "similar_words", "vary"]

_NEIGHBOURS = 8
_SHORTEST = 3
_SWAPPED = 0.3
_LEFT_OUT = 0.08
_SWAPS_AT_ONCE = 512

WordSwaps = dict[str, list[str]]
"""Words with those most like them, the likest first."""


@dataclass(frozen=True)
class _Words:
    names: list[str]
    vectors: NDArray[np.float32]


def similar_words(
    texts: Sequence[str], tokenizer_json: str, table: NDArray[np.float32]
) -> WordSwaps:
    """Find words of the tokenizer's vocabulary that are like those of texts.

    As TinyBERT's data augmentation does with GloVe vectors (Jiao et al., arXiv:1909.10351), here by
    the cosine of a language model's own word vectors.

    Args:
        texts: whose words are looked up.
        tokenizer_json: a WordPiece tokenizer.
        table: a vector for each of its tokens, (vocabulary, width).

    Returns:
        Only words that are one token each, of three letters or more.
    """
    known = _whole_words(tokenizer_json, table)
    place = {name: at for at, name in enumerate(known.names)}
    wanted = sorted({word for text in texts for word in text.lower().split() if word in place})
    swaps: WordSwaps = {}
    for start in range(0, len(wanted), _SWAPS_AT_ONCE):
        words = wanted[start : start + _SWAPS_AT_ONCE]
        cosines = known.vectors[[place[word] for word in words]] @ known.vectors.T
        nearest = np.argsort(-cosines, axis=1)[:, 1 : _NEIGHBOURS + 1]
        for word, row in zip(words, nearest, strict=True):
            swaps[word] = [known.names[at] for at in row]
    return swaps


def vary(text: str, swaps: WordSwaps, rng: random.Random) -> str:
    """Exchange some words and leave some out; what comes out may mean something else."""
    varied = []
    for word in text.split():
        draw = rng.random()
        if draw < _LEFT_OUT:
            continue
        others = swaps.get(word.lower())
        varied.append(rng.choice(others) if others and draw < _LEFT_OUT + _SWAPPED else word)
    return " ".join(varied) or text


def _whole_words(tokenizer_json: str, table: NDArray[np.float32]) -> _Words:
    vocabulary = Tokenizer.from_str(tokenizer_json).get_vocab()
    names = sorted(name for name in vocabulary if name.isalpha() and len(name) >= _SHORTEST)
    vectors = table[[vocabulary[name] for name in names]]
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return _Words(names, unit.astype(np.float32))
