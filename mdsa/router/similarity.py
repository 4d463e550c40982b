"""Zero-shot router: similarity of a message to each domain's name, description and keywords.

The features of `mdsa.router.features` are turned into calibrated probabilities by
`mdsa.router.zero_shot`, in which "out of scope" is a class of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np
from langchain_core.embeddings import Embeddings

from mdsa.embeddings import load_embeddings
from mdsa.errors import DuplicateNameError, UnknownNameError
from mdsa.router.features import (
    Matrix,
    Prototypes,
    assemble,
    features,
    nearest_texts,
    prepare,
    stems,
)
from mdsa.router.protocol import Route, RouterDomain
from mdsa.router.zero_shot import Weights, probabilities

__all__ = ["SimilarityRouter"]

_EVIDENCED = 3


class SimilarityRouter:
    """Routes by sentence similarity and keywords; needs no training and no examples."""

    def __init__(
        self,
        embeddings: Callable[[], Embeddings] = load_embeddings,
        weights: Weights | None = None,
    ) -> None:
        self._load = embeddings
        self._weights = weights or Weights()
        self._lock = threading.Lock()
        self._domains: dict[str, RouterDomain] = {}
        self._prototypes: dict[str, Prototypes] = {}

    def add_domain(self, domain: RouterDomain) -> None:
        """Make a domain routable; its texts are embedded when they are first needed.

        Raises:
            DuplicateNameError: the name is taken.
        """
        with self._lock:
            if domain.name in self._domains:
                raise DuplicateNameError("domain", domain.name)
            self._domains[domain.name] = domain

    def remove_domain(self, name: str) -> None:
        """Forget a domain.

        Raises:
            UnknownNameError: no such domain.
        """
        with self._lock:
            if name not in self._domains:
                raise UnknownNameError("domain", name, self._domains)
            del self._domains[name]
            self._prototypes.pop(name, None)

    def route(self, texts: Sequence[str]) -> list[Route]:
        """Score each text against every registered domain, in one batch."""
        domains = self._ready_domains()
        if not texts or not domains:
            return [Route({}, 1.0) for _ in texts]
        vectors = self._embed(texts)
        table = assemble(list(domains.values()))
        found = probabilities(
            features(vectors, [stems(text) for text in texts], table), self._weights
        )
        best = np.argsort(-found[:, :-1], axis=1)[:, :_EVIDENCED]
        names = list(domains)
        evidence = nearest_texts(vectors, table, best)
        return [
            Route(
                scores=dict(zip(names, row[:-1].tolist(), strict=True)),
                out_of_scope=float(row[-1]),
                evidence={names[at]: text for at, text in zip(order, near, strict=True)},
            )
            for row, order, near in zip(found, best, evidence, strict=True)
        ]

    def score_floor(self, target_error: float) -> float | None:  # noqa: ARG002
        """No rows of the caller's stand behind these scores: None."""
        return None

    def _embed(self, texts: Sequence[str]) -> Matrix:
        return np.asarray(self._load().embed_documents(list(texts)), dtype=np.float32)

    def _ready_domains(self) -> dict[str, Prototypes]:
        with self._lock:
            for name, domain in self._domains.items():
                if name not in self._prototypes:
                    self._prototypes[name] = prepare(domain, self._embed)
            return {name: self._prototypes[name] for name in self._domains}
