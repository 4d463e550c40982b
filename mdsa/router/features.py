"""What the zero-shot router scaled of a text and every domain at once.

A domain is known by its texts: name, description, the description's phrases, keywords, examples,
and sentences of its documents. Those of all domains stand stacked in one `Table`. The columns of
`features`:

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
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from snowballstemmer import stemmer

from mdsa.router.background import Background, load_background
from mdsa.router.keyword_index import KeywordIndex
from mdsa.router.protocol import RouterDomain
from mdsa.router.similarities import Comparison, DomainVectors
from mdsa.router.word_index import WordIndex

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
    "word_features",
]

Matrix = NDArray[np.float32]
Indices = NDArray[np.intp]
Weighed = tuple[Indices, NDArray[np.float64]]
"""Domains, and a weight for each."""
Item = TypeVar("Item", bound=Hashable)

FEATURES = ("nearest", "centre", "words", "keyword")
"""The columns of `features`, in order."""

_NEAREST, _CENTRE, _WORDS, _KEYWORD = range(len(FEATURES))
_REMEMBERED = 8192
_TOGETHER = 256
"""Texts whose words are looked at together; they are counted in arrays over all keywords."""
_WORD = re.compile(r"[^\W_]+")
_PHRASE_END = re.compile(r"[.;:!?]|, | and | or ")


@dataclass(frozen=True, slots=True)
class Prototypes:
    """What is known of a domain, prepared.

    Attributes:
        texts: a phrase of the description stands as the whole description; the examples are last,
            but for what documents say.
        vectors: unit embeddings of the texts and phrases, (texts, dimensions).
        keyword_stems: the stems of each keyword.
        of_documents: how many texts, at the end, are sentences of documents.
    """

    texts: tuple[str, ...]
    vectors: Matrix
    keyword_stems: tuple[frozenset[str], ...]
    of_documents: int = 0

    def with_documents(self, sentences: Sequence[str], vectors: Matrix) -> Prototypes:
        """The same with sentences of documents, of which there are none yet."""
        return Prototypes(
            (*self.texts, *sentences),
            np.concatenate([self.vectors, vectors]),
            self.keyword_stems,
            len(sentences),
        )


@dataclass(frozen=True, slots=True)
class Table:
    """The prototypes of all domains, stacked in the order in which they were given.

    Attributes:
        texts: all texts, domain by domain.
        shown: how many of each domain's texts, from its first, may be shown: what documents say is
            not.
        embeddings: their unit embeddings, (texts, dimensions).
        vectors: the same, ready to compare messages with.
        words: of all domains.
        keywords: of all domains.
        vocabulary: every word of the domains' texts, lower-cased.
    """

    texts: tuple[str, ...]
    shown: tuple[int, ...]
    embeddings: Matrix
    vectors: DomainVectors
    words: WordIndex
    keywords: KeywordIndex
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
    vectors = np.concatenate([domain.vectors for domain in domains])
    own_words = [frozenset(_WORD.findall(" ".join(one.texts).lower())) for one in domains]
    own_stems = [frozenset(map(_STEMS.__getitem__, words)) for words in own_words]
    users = {
        stem: weighed
        for stem, weighed in _with_rarity(own_stems).items()
        if len(weighed[0]) <= max(1, len(domains) // 2)
    }
    return Table(
        texts=tuple(text for domain in domains for text in domain.texts),
        shown=tuple(len(domain.texts) - domain.of_documents for domain in domains),
        embeddings=vectors,
        vectors=DomainVectors(
            [domain.vectors for domain in domains], background or load_background(vectors.shape[1])
        ),
        words=WordIndex(users, len(domains)),
        keywords=KeywordIndex(_with_rarity([one.keyword_stems for one in domains])),
        vocabulary=frozenset().union(*own_words),
    )


def word_features(words: Sequence[Sequence[str]], table: Table) -> Matrix:
    """Measure what needs no vectors; the other columns are 0.

    Args:
        words: `stems` of each text.
        table: the domains.

    Returns:
        (texts, domains, len(FEATURES)).
    """
    # Columns are filled and read one by one, so that each stands together.
    shape = len(words), len(FEATURES), len(table.vectors.counts)
    measured = np.zeros(shape, np.float32).transpose(0, 2, 1)
    for start in range(0, len(words), _TOGETHER):
        some, of_some = words[start : start + _TOGETHER], measured[start : start + _TOGETHER]
        table.words.add_to(of_some[:, :, _WORDS], some)
        texts, domains, weights = table.keywords.found(some)
        of_some[texts, domains, _KEYWORD] = weights  # of several for a domain, the last stays
    return measured


def features(vectors: Matrix, measured: Matrix, table: Table) -> Comparison:
    """Measure texts against every domain.

    Args:
        vectors: unit embeddings of the texts, (texts, dimensions).
        measured: what `word_features` found, to which the rest is written.
        table: the domains.

    Returns:
        The texts' vectors with the domains', for `nearest_texts`.
    """
    compared = table.vectors.compare(vectors)
    scaled = table.vectors.scale(compared)
    measured[:, :, _CENTRE] = scaled.centre
    measured[:, :, _NEAREST] = table.vectors.nearest(compared, scaled, measured)
    return compared


def nearest_texts(
    compared: Comparison, table: Table, domains: Sequence[Sequence[int]]
) -> list[list[str]]:
    """Find which text of a domain, documents left out, each message is nearest to.

    Args:
        compared: the messages, compared with the domains.
        table: the domains.
        domains: for each message, indices of the domains to look at.

    Returns:
        For each message, a text of each of its domains.
    """
    places = table.vectors.nearest_texts(compared, domains, table.shown)
    return [[table.texts[place] for place in row] for row in places]


def stems(text: str) -> list[str]:
    """Stems of a text's words, lower-cased, each once, in order."""
    return list(dict.fromkeys(map(_STEMS.__getitem__, _WORD.findall(text.lower()))))


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
            np.full(len(found), math.log((len(used) + 1) / len(found)) / most),
        )
        for item, found in users.items()
    }


def _phrases(description: str) -> list[str]:
    phrases = [phrase.strip() for phrase in _PHRASE_END.split(description)]
    kept = [phrase for phrase in phrases if phrase]
    return kept if len(kept) > 1 else []


class _Stems(dict[str, str]):
    """The stems of words, found when they are first asked for."""

    def __missing__(self, word: str) -> str:
        if len(self) >= _REMEMBERED:
            self.clear()
        # A stemmer keeps state while it works, so threads must not share one.
        stem = self[word] = str(stemmer("english").stemWord(word))
        return stem


_STEMS = _Stems()
