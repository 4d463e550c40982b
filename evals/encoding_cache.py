"""Encodes every text once, for fits that show the same texts to several routers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mdsa.router import Router, RouterDomain
from mdsa.router.encoder import load_encoder
from mdsa.router.tinybert_router import TinyBertRouter

__all__ = ["EncodingCache"]


class EncodingCache:
    """The shipped encoder with a memory, and routers over it."""

    def __init__(self) -> None:
        self._known: dict[str, NDArray[np.float32]] = {}

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, (texts, dimension)."""
        new = list(dict.fromkeys(text for text in texts if text not in self._known))
        if new:
            self._known.update(zip(new, load_encoder().encode(new), strict=True))
        return np.stack([self._known[text] for text in texts])

    def router(self, domains: Sequence[RouterDomain]) -> Router:
        """The default router with these domains."""
        router = TinyBertRouter(self.encode)
        for domain in domains:
            router.add_domain(domain)
        return router
