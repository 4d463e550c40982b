"""The default router: TinyBERT's embeddings, zero-shot or with a few examples.

Domains are known by name, description and keywords (`mdsa.router.zero_shot`). As soon as any of
them has examples, a head is fitted over those (`mdsa.router.few_shot`) and judges all of them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from mdsa.errors import DuplicateNameError, UnknownNameError
from mdsa.router.background import Background
from mdsa.router.encoder import PACKAGED_FOLDER, TOKENIZER, load_encoder
from mdsa.router.features import Matrix, Prototypes, assemble, prepare
from mdsa.router.few_shot import Labelled, fit_few_shot
from mdsa.router.judge import Encode, Judge
from mdsa.router.protocol import Route, RouterDomain
from mdsa.router.spelling import Speller, word_ranks
from mdsa.router.zero_shot import Weights

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
        self._domains: dict[str, RouterDomain] = {}
        self._snapshot: Judge | None = None
        self._prepared: dict[RouterDomain, Prototypes] = {}

    def add_domain(self, domain: RouterDomain) -> None:
        """Make a domain routable.

        Raises:
            DuplicateNameError: the name is taken.
        """
        with self._registry:
            if domain.name in self._domains:
                raise DuplicateNameError("domain", domain.name)
            self._domains[domain.name] = domain
            self._snapshot = None

    def remove_domain(self, name: str) -> None:
        """Forget a domain.

        Raises:
            UnknownNameError: no such domain.
        """
        with self._registry:
            if name not in self._domains:
                raise UnknownNameError("domain", name, self._domains)
            del self._domains[name]
            self._snapshot = None

    def route(self, texts: Sequence[str]) -> list[Route]:
        """Score each text against every registered domain, in one batch.

        Raises:
            ModelUnavailableError: the encoder cannot be loaded.
        """
        snapshot = self._current()
        if not texts or snapshot is None:
            return [Route({}, 1.0) for _ in texts]
        return snapshot.route(texts, self._encode)

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
        snapshot = self._current()
        if snapshot is None or snapshot.head is None or not snapshot.head.all_taught:
            return None
        return snapshot.head.conformal.floor(target_error)

    def _current(self) -> Judge | None:
        """The snapshot of the registry as it is now; None if it is empty."""
        snapshot = self._snapshot
        if snapshot is not None:
            return snapshot
        with self._building:
            while True:
                with self._registry:
                    if self._snapshot is not None or not self._domains:
                        return self._snapshot
                    domains = tuple(self._domains.values())
                snapshot = self._build(domains)
                with self._registry:
                    if domains == tuple(self._domains.values()):
                        self._snapshot = snapshot
                        return snapshot

    def _build(self, domains: tuple[RouterDomain, ...]) -> Judge:
        self._prepared = _prepare_all(domains, self._prepared, self._encode)
        prototypes = [self._prepared[domain] for domain in domains]
        # The shipped background is how the shipped encoder's vectors lie, and no other's.
        plain = Background.plain(prototypes[0].vectors.shape[1])
        table = assemble(prototypes, None if self._is_packaged else plain)
        head = None
        if any(domain.examples for domain in domains):
            outside = self._encode(self._out_of_scope) if self._out_of_scope else None
            rows = Labelled.of(table, [len(domain.examples) for domain in domains])
            head = fit_few_shot(rows, outside)
        names = tuple(domain.name for domain in domains)
        return Judge(names, table, Speller(_ranks(), table.vocabulary), head, self._weights)


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
