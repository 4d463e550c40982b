"""Unit vectors of texts, remembered from turn to turn."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray

__all__ = ["CachedEncoder"]


class CachedEncoder:
    """An encoder with unit rows that remembers the last texts: passages come back turn after turn.

    Thread-safe.
    """

    def __init__(self, embeddings: Embeddings, size: int = 4096) -> None:
        self._embeddings = embeddings
        self._size = size
        self._rows: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors of the texts, shape (len(texts), dimension)."""
        with self._lock:
            known = {text: self._rows[text] for text in texts if text in self._rows}
            for text in known:
                self._rows.move_to_end(text)
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            rows = np.asarray(self._embeddings.embed_documents(missing), dtype=np.float32)
            rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
            known.update(zip(missing, rows, strict=True))
            with self._lock:
                self._rows.update({text: known[text] for text in missing})
                while len(self._rows) > self._size:
                    self._rows.popitem(last=False)
        return np.stack([known[text] for text in texts])
