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
from mdsa.router.similarities import Comparison, DomainVectors

__all__ = [
    "FEATURES",
    "Matrix",
    "Measured",
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
Weighed = tuple[Indices, Matrix]
"""Domains, and a weight for each."""
Item = TypeVar("Item", bound=Hashable)

FEATURES = ("nearest", "centre", "words", "keyword")
"""The columns of `features`, in order."""

_ALL = np.ones(len(FEATURES), np.float32)
_WORD = re.compile(r"[^\W_]+")
_PHRASE_END = re.compile(r"[.;:!?]|, | and | or ")


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
        embeddings: their unit embeddings, (texts, dimensions).
        vectors: the same, ready to compare messages with.
        users: for each stem that counts, the domains that use it, and its weight for each.
        keywords: for one stem of each keyword, its stems, its domains and its weight for each.
        vocabulary: every word of the domains' texts, lower-cased.
    """

    texts: tuple[str, ...]
    embeddings: Matrix
    vectors: DomainVectors
    users: dict[str, Weighed]
    keywords: dict[str, list[tuple[frozenset[str], Weighed]]]
    vocabulary: frozenset[str]


@dataclass(frozen=True, slots=True)
class Measured:
    """What `features` found.

    Attributes:
        features: (messages, domains, len(FEATURES)).
        compared: the messages' vectors with the domains', for `nearest_texts`.
    """

    features: Matrix
    compared: Comparison


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
    vectors = np.concatenate([domain.vectors for domain in domains])
    own_words = [frozenset(_WORD.findall(" ".join(one.texts).lower())) for one in domains]
    own_stems = [frozenset(map(_stem, words)) for words in own_words]
    users = _with_rarity(own_stems)
    return Table(
        texts=tuple(text for domain in domains for text in domain.texts),
        embeddings=vectors,
        vectors=DomainVectors(
            [domain.vectors for domain in domains], background or load_background(vectors.shape[1])
        ),
        users={
            stem: weighed
            for stem, weighed in users.items()
            if len(weighed[0]) <= max(1, len(domains) // 2)
        },
        keywords=_by_rarest_stem(_with_rarity([one.keyword_stems for one in domains])),
        vocabulary=frozenset().union(*own_words),
    )


def features(vectors: Matrix, words: Sequence[Sequence[str]], table: Table) -> Measured:
    """Measure texts against every domain.

    Args:
        vectors: unit embeddings of the texts, (texts, dimensions).
        words: `stems` of each text.
        table: the domains.
    """
    compared = table.vectors.compare(vectors)
    measured = np.zeros((*compared.centre.shape, len(FEATURES)), dtype=np.float32)
    measured[:, :, 1] = compared.centre
    for row, text in enumerate(words):
        _count_words(text, table, measured[row, :, 2])
        _find_keywords(text, table, measured[row, :, 3])
    # The first column is 0 so far.
    measured[:, :, 0] = table.vectors.nearest(compared, measured @ _ALL)
    return Measured(measured, compared)


def nearest_texts(compared: Comparison, table: Table, domains: Indices) -> list[list[str]]:
    """Find which text of a domain each message is nearest to.

    Args:
        compared: the messages, compared with the domains.
        table: the domains.
        domains: indices of the domains to look at, (messages, k).

    Returns:
        For each message, k texts.
    """
    return [
        [table.texts[table.vectors.nearest_text(compared, message, domain)] for domain in wanted]
        for message, wanted in enumerate(domains.tolist())
    ]


def stems(text: str) -> list[str]:
    """Stems of a text's words, lower-cased, each once, in order."""
    return list(dict.fromkeys(_stem(word) for word in _WORD.findall(text.lower())))


def _count_words(text: Sequence[str], table: Table, found: Matrix) -> None:
    used = [table.users[stem] for stem in text if stem in table.users]
    if used:
        np.add.at(found, *_joined(used))


def _find_keywords(text: Sequence[str], table: Table, found: Matrix) -> None:
    own = set(text)
    used = [
        weighed
        for stem in text
        for keyword, weighed in table.keywords.get(stem, ())
        if keyword <= own
    ]
    if used:
        np.maximum.at(found, *_joined(used))


def _joined(used: Sequence[Weighed]) -> Weighed:
    if len(used) == 1:
        return used[0]
    domains, weights = zip(*used, strict=True)
    return np.concatenate(domains), np.concatenate(weights)


def _with_rarity(
    used: Sequence[Collection[Item]],
) -> dict[Item, Weighed]:
    """Which domains use an item, and its inverse domain frequency: 1 if one domain alone does."""
    users: dict[Item, list[int]] = {}
    for domain, items in enumerate(used):
        for item in items:
            users.setdefault(item, []).append(domain)
    most = math.log(len(used) + 1)
    return {
        item: (
            np.array(found, dtype=np.intp),
            np.full(len(found), math.log((len(used) + 1) / len(found)) / most, np.float32),
        )
        for item, found in users.items()
    }


def _by_rarest_stem(
    keywords: dict[frozenset[str], Weighed],
) -> dict[str, list[tuple[frozenset[str], Weighed]]]:
    """Under the stem that the fewest keywords hold, so that few are looked at for a message."""
    holders = Counter(stem for keyword in keywords for stem in keyword)
    found: dict[str, list[tuple[frozenset[str], Weighed]]] = {}
    for keyword, weighed in keywords.items():
        rarest = min(keyword, key=lambda stem: (holders[stem], stem))
        found.setdefault(rarest, []).append((keyword, weighed))
    return found


def _phrases(description: str) -> list[str]:
    phrases = [phrase.strip() for phrase in _PHRASE_END.split(description)]
    kept = [phrase for phrase in phrases if phrase]
    return kept if len(kept) > 1 else []


@lru_cache(maxsize=8192)
def _stem(word: str) -> str:
    # A stemmer keeps state while it works, so threads must not share one.
    return str(stemmer("english").stemWord(word))
