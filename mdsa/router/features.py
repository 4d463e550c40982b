"""What the zero-shot router measures of a text and every domain at once.

A domain is known by its texts (name, description, keywords, examples). Those of all domains stand
stacked in one `Table`, so that a message costs one matrix product, however many domains there are.
The columns of `features`:

- `nearest`: highest cosine to any of the domain's texts,
- `mean`: mean cosine to the domain's texts,
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

__all__ = [
    "FEATURES",
    "Matrix",
    "Prototypes",
    "Table",
    "assemble",
    "features",
    "nearest_texts",
    "prepare",
    "stems",
]

Matrix = NDArray[np.float32]
Indices = NDArray[np.intp]

FEATURES = ("nearest", "mean", "keywords")
"""The columns of `features`, in order."""

_WORD = re.compile(r"[^\W_]+")
_MAX_KEYWORDS_COUNTED = 2


@dataclass(frozen=True, slots=True)
class Prototypes:
    """A domain's texts, their unit embeddings (texts, dimensions) and its keywords' stems."""

    texts: tuple[str, ...]
    vectors: Matrix
    keyword_stems: tuple[frozenset[str], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The prototypes of all domains, stacked in the order in which they were given.

    Attributes:
        texts: all texts, domain by domain.
        vectors: their unit embeddings, (texts, dimensions).
        starts: where each domain's texts begin, (domains,).
        counts: how many texts each domain has, (domains,).
        keyword_lengths: how many stems each keyword has, (keywords,).
        keyword_domains: the domain of each keyword, (keywords,).
        keywords_of: for each stem, the keywords that hold it.
    """

    texts: tuple[str, ...]
    vectors: Matrix
    starts: Indices
    counts: Indices
    keyword_lengths: Indices
    keyword_domains: Indices
    keywords_of: dict[str, list[int]]


def prepare(domain: RouterDomain, embed: Callable[[Sequence[str]], Matrix]) -> Prototypes:
    """Embed what is known of a domain."""
    name = domain.name.replace("_", " ")
    texts = (name, domain.description, *domain.keywords, *domain.examples)
    keyword_stems = (frozenset(stems(keyword)) for keyword in domain.keywords)
    # A keyword without letters or digits has no stems, and would stand in every text.
    return Prototypes(texts, embed(texts), tuple(filter(None, keyword_stems)))


def assemble(domains: Sequence[Prototypes]) -> Table:
    """Stack the prototypes of one or more domains."""
    counts = np.array([len(domain.texts) for domain in domains], dtype=np.intp)
    keywords = [
        (index, keyword) for index, domain in enumerate(domains) for keyword in domain.keyword_stems
    ]
    keywords_of: dict[str, list[int]] = {}
    for number, (_, keyword) in enumerate(keywords):
        for stem in keyword:
            keywords_of.setdefault(stem, []).append(number)
    return Table(
        texts=tuple(text for domain in domains for text in domain.texts),
        vectors=np.concatenate([domain.vectors for domain in domains]),
        starts=np.cumsum(counts) - counts,
        counts=counts,
        keyword_lengths=np.array([len(keyword) for _, keyword in keywords], dtype=np.intp),
        keyword_domains=np.array([index for index, _ in keywords], dtype=np.intp),
        keywords_of=keywords_of,
    )


def features(vectors: Matrix, words: Sequence[Sequence[str]], table: Table) -> Matrix:
    """Measure texts against every domain.

    Args:
        vectors: unit embeddings of the texts, (texts, dimensions).
        words: `stems` of each text.
        table: the domains.

    Returns:
        (texts, domains, len(FEATURES)).
    """
    similarity = vectors @ table.vectors.T
    measured = np.empty((len(vectors), len(table.starts), len(FEATURES)), dtype=np.float32)
    measured[:, :, 0] = np.maximum.reduceat(similarity, table.starts, axis=1)
    measured[:, :, 1] = np.add.reduceat(similarity, table.starts, axis=1) / table.counts
    for row, text in enumerate(words):
        measured[row, :, 2] = _keyword_hits(text, table)
    return measured


def nearest_texts(vectors: Matrix, table: Table, domains: Indices) -> list[list[str]]:
    """Find which text of a domain each message is nearest to.

    Args:
        vectors: unit embeddings of the messages, (messages, dimensions).
        table: the domains.
        domains: indices of the domains to look at, (messages, k).

    Returns:
        For each message, k texts.
    """
    found = []
    for vector, wanted in zip(vectors, domains, strict=True):
        spans = [(table.starts[at], table.starts[at] + table.counts[at]) for at in wanted]
        found.append(
            [table.texts[a + int((table.vectors[a:b] @ vector).argmax())] for a, b in spans]
        )
    return found


def stems(text: str) -> list[str]:
    """Stems of a text's words, lower-cased, each once, in order."""
    return list(dict.fromkeys(_stem(word) for word in _WORD.findall(text.lower())))


def _keyword_hits(text: Sequence[str], table: Table) -> NDArray[np.intp]:
    held = [number for stem in text for number in table.keywords_of.get(stem, ())]
    keywords, parts = np.unique(np.array(held, dtype=np.intp), return_counts=True)
    whole = keywords[parts == table.keyword_lengths[keywords]]
    hits = np.bincount(table.keyword_domains[whole], minlength=len(table.starts))
    return np.minimum(hits, _MAX_KEYWORDS_COUNTED)


@lru_cache(maxsize=8192)
def _stem(word: str) -> str:
    # A stemmer keeps state while it works, so threads must not share one.
    return str(stemmer("english").stemWord(word))
