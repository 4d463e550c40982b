"""The default router: TinyBERT's embeddings, zero-shot or with a few examples.

Domains are known by name, description and keywords (`mdsa.router.zero_shot`), and by sentences of
their documents where they are given any (`mdsa.router.document_sentences`). As soon as any of them
has examples, a head is fitted over those (`mdsa.router.few_shot`) and judges all of them; documents
change nothing then, as they are no messages.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from mdsa.router.background import Background, load_background
from mdsa.router.document_sentences import DRAWN, furthest, share
from mdsa.router.encoder import PACKAGED_FOLDER, TOKENIZER, load_encoder
from mdsa.router.features import Matrix, Prototypes, assemble, prepare
from mdsa.router.few_shot import Labelled, fit_few_shot
from mdsa.router.judge import Encode, Judge
from mdsa.router.known import Known, Sentences
from mdsa.router.protocol import Route, RouterDomain
from mdsa.router.spelling import Speller, word_ranks
from mdsa.router.zero_shot import Weights
from mdsa.utils.draws import draw

if TYPE_CHECKING:  # importing LangChain takes longer than loading the router
    from langchain_core.embeddings import Embeddings

__all__ = ["Encode", "TinyBertRouter", "encode_with"]


def encode_with(embeddings: Callable[[], Embeddings]) -> Encode:
    """Let a router use LangChain embeddings; they are got when they are first needed."""

    def encode(texts: Sequence[str]) -> Matrix:
        return np.asarray(embeddings().embed_documents(list(texts)), dtype=np.float32)

    return encode


class TinyBertRouter:
    """Routes by sentence embeddings and keywords; needs no training, and uses examples if given.

    Adding or removing a domain costs nothing by itself; the next message pays for embedding the
    new texts, and, where domains have examples, for fitting the head again. Threads may share a
    router: a message is judged by one state of the registry from beginning to end, and a change
    holds for every message that comes after it.

    Args:
        encode: the encoder; the one that ships with MDSA if None. Probabilities are calibrated for
            that one.
        weights: of the zero-shot model.
        out_of_scope: messages that belong to no domain, if any are known. They sharpen the
            out-of-scope score where domains have examples.
    """

    def __init__(
        self,
        encode: Encode | None = None,
        weights: Weights | None = None,
        out_of_scope: Sequence[str] = (),
    ) -> None:
        self._encode = encode or load_encoder().encode
        self._is_packaged = encode is None
        self._weights = weights or Weights()
        self._out_of_scope = tuple(out_of_scope)
        self._registry = threading.Lock()
        self._building = threading.Lock()
        self._reading = threading.Lock()
        self._known = Known()
        self._prepared: dict[RouterDomain, Prototypes] = {}
        self._encoded: dict[str, Matrix] = {}

    def add_domain(self, domain: RouterDomain) -> None:
        """Make a domain routable.

        Raises:
            DuplicateNameError: the name is taken.
        """
        with self._registry:
            self._known = self._known.with_domain(domain)

    def remove_domain(self, name: str) -> None:
        """Forget a domain.

        Raises:
            UnknownNameError: no such domain.
        """
        with self._registry:
            self._known = self._known.without_domain(name)

    @property
    def reads_documents(self) -> bool:
        """Whether documents could change a verdict: there are domains, and none has examples."""
        return self._known.reads_documents

    def set_documents(self, sentences: Mapping[str, Sequence[str]]) -> None:
        """Put these in the place of all sentences that were given before.

        Messages are routed meanwhile by what was known before; sentences that were among the last
        ones are not encoded again.

        Args:
            sentences: of each domain's own documents; unknown domains are passed over.

        Raises:
            ModelUnavailableError: the encoder cannot be loaded.
        """
        with self._reading:
            documents = self._chosen(sentences) if self.reads_documents else {}
            with self._registry:
                self._known = self._known.with_documents(documents)

    def route(self, texts: Sequence[str], *, reading: Collection[str] = ()) -> list[Route]:
        """Score each text against every registered domain, in one batch.

        Args:
            texts: the messages.
            reading: the domains whose documents may count.

        Raises:
            ModelUnavailableError: the encoder cannot be loaded.
        """
        judge = self._current(reading)
        if not texts or judge is None:
            return [Route({}, 1.0) for _ in texts]
        return judge.route(texts, self._encode)

    def score_floor(self, target_error: float) -> float | None:
        """Lowest score of a domain that belongs to the prediction set, for a wanted error.

        The calibration rows are the domains' examples, each scored by a head that was fitted
        without it (cross-conformal prediction, Vovk 2015, arXiv:1208.0806, with one pooled
        threshold). The final head has seen all examples and is, if anything, the better for it;
        then the sets miss the right domain at most as often as asked, on messages drawn as the
        examples were and on average over domains. That is what happens in practice, but no
        theorem: unlike with rows that were set aside, it cannot be proved for every model.

        None where the examples are too few (49 are needed for an error of 0.02), or a domain has
        none: descriptions and keywords are no messages.

        Raises:
            ValueError: the target is not in (0, 1).
            ModelUnavailableError: the encoder cannot be loaded.
        """
        judge = self._current()
        head = None if judge is None else judge.head
        return head.conformal.floor(target_error) if head and head.all_taught else None

    def _current(self, reading: Collection[str] = ()) -> Judge | None:
        """The judge by what is known now; None where there is no domain."""
        while (known := self._known).domains:
            judge = self._judge(known, known.counting(reading))
            if known.domains is self._known.domains:
                return judge
        return None

    def _judge(self, known: Known, counting: frozenset[str]) -> Judge:
        judge = known.judges.get(counting)
        if judge is None:
            with self._building:
                judge = known.judges.get(counting)
                if judge is None:
                    judge = self._build(known, counting)
                    known.remember(counting, judge)
        return judge

    def _build(self, known: Known, counting: frozenset[str]) -> Judge:
        domains = known.domains
        prototypes = [
            one.with_documents(*known.documents[domain.name]) if domain.name in counting else one
            for domain, one in zip(domains, self._prototypes(domains), strict=True)
        ]
        table = assemble(prototypes, self._background(prototypes[0].vectors.shape[1]))
        head = None
        if any(domain.examples for domain in domains):
            outside = self._encode(self._out_of_scope) if self._out_of_scope else None
            rows = Labelled.of(table, [len(domain.examples) for domain in domains])
            head = fit_few_shot(rows, outside)
        names = tuple(domain.name for domain in domains)
        return Judge(names, table, Speller(_ranks(), table.vocabulary), head, self._weights)

    def _chosen(self, sentences: Mapping[str, Sequence[str]]) -> dict[str, Sentences]:
        """Those of the sentences that messages are compared with, encoded."""
        domains = self._known.domains
        told = {one.name: sentences[one.name] for one in domains if sentences.get(one.name)}
        with self._building:
            own = self._prototypes(domains)
        count = share(sum(len(one.texts) for one in own), len(domains))
        if not told or not count:
            return {}
        drawn = {
            name: draw(list(dict.fromkeys(some)), DRAWN * count) for name, some in told.items()
        }
        texts = list(dict.fromkeys(text for some in drawn.values() for text in some))
        known = self._encoded
        if new := [text for text in texts if text not in known]:
            known = {**known, **dict(zip(new, self._encode(new), strict=True))}
        self._encoded = {text: known[text] for text in texts}
        centre = self._background(own[0].vectors.shape[1]).centre
        chosen = {}
        for domain, prototypes in zip(domains, own, strict=True):
            if some := drawn.get(domain.name):
                vectors = np.stack([self._encoded[text] for text in some])
                rows = furthest(centre(vectors), centre(prototypes.vectors), count)
                chosen[domain.name] = Sentences(tuple(some[row] for row in rows), vectors[rows])
        return chosen

    def _prototypes(self, domains: tuple[RouterDomain, ...]) -> list[Prototypes]:
        """What is known of domains without documents; to be called by one thread at a time."""
        self._prepared = _prepare_all(domains, self._prepared, self._encode)
        return [self._prepared[domain] for domain in domains]

    def _background(self, dimensions: int) -> Background:
        # The shipped background is how the shipped encoder's vectors lie, and no other's.
        return load_background(dimensions) if self._is_packaged else Background.plain(dimensions)


@lru_cache(maxsize=1)
def _ranks() -> dict[str, int]:
    return word_ranks(PACKAGED_FOLDER / TOKENIZER)


def _prepare_all(
    domains: Sequence[RouterDomain], known: dict[RouterDomain, Prototypes], encode: Encode
) -> dict[RouterDomain, Prototypes]:
    """The prototypes of domains, of which only the new ones are embedded, all in one batch."""
    asked: list[str] = []

    def ask(texts: Sequence[str]) -> Matrix:
        asked.extend(texts)
        return np.empty((len(texts), 0), np.float32)

    new = {domain: prepare(domain, ask) for domain in domains if domain not in known}
    prepared = {domain: known[domain] for domain in domains if domain in known}
    if not new:
        return prepared
    vectors = encode(asked)
    start = 0
    for domain, lacking in new.items():
        end = start + len(lacking.texts)
        prepared[domain] = Prototypes(lacking.texts, vectors[start:end], lacking.keyword_stems)
        start = end
    return prepared
