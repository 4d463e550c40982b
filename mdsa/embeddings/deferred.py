"""Embeddings that load when they are first used, once, whichever thread comes first."""

from __future__ import annotations

import threading
from collections.abc import Callable

from langchain_core.embeddings import Embeddings

__all__ = ["DeferredEmbeddings"]


class DeferredEmbeddings(Embeddings):
    """Stands for embeddings that are expensive to load.

    Args:
        model_name: what they are called; stores remember it beside the vectors.
        load: makes the real ones. An error from it reaches the caller, and the next use tries
            again.
    """

    def __init__(self, model_name: str, load: Callable[[], Embeddings]) -> None:
        self.model_name = model_name
        self._load = load
        self._lock = threading.Lock()
        self._loaded: Embeddings | None = None

    def load(self) -> Embeddings:
        """Load now, for example in a thread while other things start."""
        if self._loaded is None:
            with self._lock:
                if self._loaded is None:
                    self._loaded = self._load()
        return self._loaded

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed texts, one vector each."""
        return self.load().embed_documents(texts)

    def embed_query(self, text: str) -> list[float]:
        """Embed one text."""
        return self.load().embed_query(text)

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed texts without blocking the event loop."""
        return await self.load().aembed_documents(texts)

    async def aembed_query(self, text: str) -> list[float]:
        """Embed one text without blocking the event loop."""
        return await self.load().aembed_query(text)
