"""What the similarity router measures of a text and a domain.

- `nearest`: highest cosine to any of the domain's texts (name, description, keywords, examples),
- `mean`: mean cosine to the three nearest of them,
- `keywords`: how many distinct keywords stand in the text, by stem, two at most.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from snowballstemmer import stemmer

from mdsa.router.protocol import RouterDomain

__all__ = ["Matrix", "Prototypes", "prepare", "similarity_features", "stems"]

Matrix = NDArray[np.float32]

_WORD = re.compile(r"[^\W_]+")
_MAX_KEYWORDS_COUNTED = 2
_NEAREST = 3


@dataclass(frozen=True, slots=True)
class Prototypes:
    """A domain's texts, their embeddings (texts x dimensions) and its keywords' stems."""

    texts: tuple[str, ...]
    vectors: Matrix
    keyword_stems: tuple[frozenset[str], ...]


def prepare(domain: RouterDomain, embed: Callable[[Sequence[str]], Matrix]) -> Prototypes:
    """Embed what is known of a domain."""
    name = domain.name.replace("_", " ")
    texts = (name, domain.description, *domain.keywords, *domain.examples)
    keyword_stems = (frozenset(stems(keyword)) for keyword in domain.keywords)
    # A keyword without letters or digits has no stems, and would stand in every text.
    return Prototypes(texts, embed(texts), tuple(filter(None, keyword_stems)))


def similarity_features(
    vectors: Matrix, words: Sequence[set[str]], prototypes: Prototypes
) -> Matrix:
    """Measure texts against one domain.

    Args:
        vectors: unit embeddings of the texts, (texts, dimensions).
        words: stems of the texts' words.
        prototypes: the domain.

    Returns:
        (texts, 3): nearest, mean, keywords.
    """
    similarity = vectors @ prototypes.vectors.T
    top = np.sort(similarity, axis=1)[:, -_NEAREST:]
    hits = [
        min(_MAX_KEYWORDS_COUNTED, sum(keyword <= text for keyword in prototypes.keyword_stems))
        for text in words
    ]
    columns = (top[:, -1], top.mean(axis=1), np.asarray(hits, dtype=np.float32))
    return np.stack(columns, axis=1)


def stems(text: str) -> set[str]:
    """Stems of a text's words, lower-cased."""
    return {_stem(word) for word in _WORD.findall(text.lower())}


@lru_cache(maxsize=8192)
def _stem(word: str) -> str:
    # A stemmer keeps state while it works, so threads must not share one.
    return str(stemmer("english").stemWord(word))
