"""What the zero-shot router measures of a text and every domain at once.

A domain is known by its texts: name, description, the description's phrases, keywords, examples.
Those of all domains stand stacked in one `Table`. The columns of `features`:

- `nearest`: soft maximum (logarithm of the mean exponential) of the similarity to the domain's
  texts, in units of their `Background`,
- `centre`: cosine to the mean of the domain's texts, after centring,
- `words`: how many of the text's words the domain uses anywhere, each weighted by how few of the
  domains use it,
- `keyword`: the same weight of the best keyword whose words all stand in the text.

Words are compared by their stems. A word that more than half of the domains use does not count.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from snowballstemmer import stemmer

from mdsa.router.background import Background, load_background
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
Item = TypeVar("Item", bound=Hashable)

FEATURES = ("nearest", "centre", "words", "keyword")
"""The columns of `features`, in order."""

_WORD = re.compile(r"[^\W_]+")
_PHRASE_END = re.compile(r"[.;:!?]|, | and | or ")
_SHARPNESS = 15.0
"""Of the soft maximum; infinity would be the maximum itself."""
_MOST_TEXTS_COMPARED = 1024
_SHORTLIST = 24


@dataclass(frozen=True, slots=True)
class Prototypes:
    """What is known of a domain, prepared.

    Attributes:
        texts: a phrase of the description stands as the whole description; the examples are last.
        vectors: unit embeddings of the texts and phrases, (texts, dimensions).
        keyword_stems: the stems of each keyword.
    """

    texts: tuple[str, ...]
    vectors: Matrix
    keyword_stems: tuple[frozenset[str], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The prototypes of all domains, stacked in the order in which they were given.

    Attributes:
        texts: all texts, domain by domain.
        vectors: their unit embeddings, (texts, dimensions).
        weighed: the same, as `Background.weigh` gives them.
        centres: the unit mean of each domain's centred texts, (domains, dimensions).
        starts: where each domain's texts begin, (domains,).
        counts: how many texts each domain has, (domains,).
        background: what the vectors are measured against.
        users: for each stem that counts, the domains that use it, and its weight.
        keywords: for one stem of each keyword, its stems, its domains and its weight.
        vocabulary: every word of the domains' texts, lower-cased.
    """

    texts: tuple[str, ...]
    vectors: Matrix
    weighed: Matrix
    centres: Matrix
    starts: Indices
    counts: Indices
    background: Background
    users: dict[str, tuple[Indices, float]]
    keywords: dict[str, list[tuple[frozenset[str], Indices, float]]]
    vocabulary: frozenset[str]


def prepare(domain: RouterDomain, embed: Callable[[Sequence[str]], Matrix]) -> Prototypes:
    """Embed what is known of a domain.

    Args:
        domain: its description may be empty.
        embed: gives unit vectors, (texts, dimensions).
    """
    name = domain.name.replace("_", " ")
    phrases = _phrases(domain.description)
    told = [text for text in (domain.description, *domain.keywords) if text]
    keywords = (frozenset(stems(keyword)) for keyword in domain.keywords)
    return Prototypes(
        (name, *told, *(domain.description for _ in phrases), *domain.examples),
        np.asarray(embed([name, *told, *phrases, *domain.examples]), dtype=np.float32),
        # A keyword without letters or digits has no stems, and would stand in every text.
        tuple(dict.fromkeys(filter(None, keywords))),
    )


def assemble(domains: Sequence[Prototypes], background: Background | None = None) -> Table:
    """Stack the prototypes of one or more domains.

    Args:
        domains: at least one.
        background: what their vectors are measured against; the shipped one if None.
    """
    counts = np.array([len(domain.texts) for domain in domains], dtype=np.intp)
    starts = np.cumsum(counts) - counts
    vectors = np.concatenate([domain.vectors for domain in domains])
    background = background or load_background(vectors.shape[1])
    centred = background.centre(vectors)
    own_words = [frozenset(_WORD.findall(" ".join(one.texts).lower())) for one in domains]
    own_stems = [frozenset(map(_stem, words)) for words in own_words]
    users = _with_rarity(own_stems)
    return Table(
        texts=tuple(text for domain in domains for text in domain.texts),
        vectors=vectors,
        weighed=background.weigh(centred),
        centres=_unit(np.add.reduceat(centred, starts, axis=0)),
        starts=starts,
        counts=counts,
        background=background,
        users={
            stem: (found, weight)
            for stem, (found, weight) in users.items()
            if len(found) <= max(1, len(domains) // 2)
        },
        keywords=_by_rarest_stem(_with_rarity([one.keyword_stems for one in domains])),
        vocabulary=frozenset().union(*own_words),
    )


def features(vectors: Matrix, words: Sequence[Sequence[str]], table: Table) -> Matrix:
    """Measure texts against every domain.

    Where the domains have very many texts, only those of the domains with the nearest centres and
    most words are compared one by one; `nearest` of the others is guessed from their centre.

    Args:
        vectors: unit embeddings of the texts, (texts, dimensions).
        words: `stems` of each text.
        table: the domains.

    Returns:
        (texts, domains, len(FEATURES)).
    """
    centred = table.background.centre(vectors)
    weighed = table.background.weigh(centred)
    measured = np.zeros((len(vectors), len(table.starts), len(FEATURES)), dtype=np.float32)
    measured[:, :, 1] = centred @ table.centres.T
    for row, text in enumerate(words):
        _count_words(text, table, measured[row, :, 2])
        _find_keywords(text, table, measured[row, :, 3])
    if len(table.texts) <= _MOST_TEXTS_COMPARED or len(table.starts) <= _SHORTLIST:
        measured[:, :, 0] = _soft_maximum(weighed @ table.weighed.T, table.starts, table.counts)
        return measured
    for vector, columns in zip(weighed, measured, strict=True):
        columns[:, 0] = _nearest_of_many(vector, columns, table)
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
    centred = table.background.centre(vectors)
    found = []
    for vector, wanted in zip(centred, domains, strict=True):
        spans = [(table.starts[at], table.starts[at] + table.counts[at]) for at in wanted]
        found.append(
            [table.texts[a + int((table.weighed[a:b] @ vector).argmax())] for a, b in spans]
        )
    return found


def stems(text: str) -> list[str]:
    """Stems of a text's words, lower-cased, each once, in order."""
    return list(dict.fromkeys(_stem(word) for word in _WORD.findall(text.lower())))


def _soft_maximum(similarity: Matrix, starts: Indices, counts: Indices) -> Matrix:
    highest = similarity.max(axis=1, keepdims=True)
    exponents = np.exp(_SHARPNESS * (similarity - highest))
    # A sum of very unlike texts may vanish in single precision.
    mean = np.maximum(np.add.reduceat(exponents, starts, axis=1) / counts, np.float32(1e-30))
    result: Matrix = np.log(mean) / _SHARPNESS + highest
    return result


def _nearest_of_many(vector: Matrix, row: Matrix, table: Table) -> Matrix:
    promise = row[:, 1:].sum(axis=1)
    chosen = np.sort(np.argpartition(-promise, _SHORTLIST)[:_SHORTLIST])
    counts = table.counts[chosen]
    starts = np.cumsum(counts) - counts
    texts = np.arange(counts.sum()) + np.repeat(table.starts[chosen] - starts, counts)
    similarity = (table.weighed[texts] @ vector)[None, :]
    nearest = _soft_maximum(similarity, starts, counts)[0]
    guessed: Matrix = row[:, 1] + (nearest - row[chosen, 1]).mean()
    guessed[chosen] = nearest
    return guessed


def _count_words(text: Sequence[str], table: Table, found: Matrix) -> None:
    for stem in text:
        if stem in table.users:
            domains, weight = table.users[stem]
            found[domains] += weight


def _find_keywords(text: Sequence[str], table: Table, found: Matrix) -> None:
    own = set(text)
    for stem in text:
        for keyword, domains, weight in table.keywords.get(stem, ()):
            if keyword <= own:
                found[domains] = np.maximum(found[domains], weight)


def _with_rarity(
    used: Sequence[Collection[Item]],
) -> dict[Item, tuple[Indices, float]]:
    """Which domains use an item, and its inverse domain frequency: 1 if one domain alone does."""
    users: dict[Item, list[int]] = {}
    for domain, items in enumerate(used):
        for item in items:
            users.setdefault(item, []).append(domain)
    most = math.log(len(used) + 1)
    return {
        item: (np.array(found, dtype=np.intp), math.log((len(used) + 1) / len(found)) / most)
        for item, found in users.items()
    }


def _by_rarest_stem(
    keywords: dict[frozenset[str], tuple[Indices, float]],
) -> dict[str, list[tuple[frozenset[str], Indices, float]]]:
    """Under the stem that the fewest keywords hold, so that few are looked at for a message."""
    holders = Counter(stem for keyword in keywords for stem in keyword)
    found: dict[str, list[tuple[frozenset[str], Indices, float]]] = {}
    for keyword, (domains, weight) in keywords.items():
        rarest = min(keyword, key=lambda stem: (holders[stem], stem))
        found.setdefault(rarest, []).append((keyword, domains, weight))
    return found


def _phrases(description: str) -> list[str]:
    phrases = [phrase.strip() for phrase in _PHRASE_END.split(description)]
    kept = [phrase for phrase in phrases if phrase]
    return kept if len(kept) > 1 else []


def _unit(vectors: Matrix) -> Matrix:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    result: Matrix = vectors / np.maximum(length, np.float32(1e-6))
    return result


@lru_cache(maxsize=8192)
def _stem(word: str) -> str:
    # A stemmer keeps state while it works, so threads must not share one.
    return str(stemmer("english").stemWord(word))
