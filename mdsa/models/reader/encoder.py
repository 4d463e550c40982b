"""Unit vectors of texts and of their tokens, remembered from turn to turn."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray

from mdsa.embeddings.token_vectors import TokenVectors, token_embeddings

__all__ = ["CachedEncoder", "ReaderEncoders"]

_TOKEN_BYTES = 16 * 2**20


class CachedEncoder:
    """An encoder with unit rows that remembers the last texts: passages come back turn after turn.

    Thread-safe.

    Args:
        embeddings: what encodes.
        size: vectors of texts that are remembered.
        token_bytes: vectors of tokens that are remembered; 16 MiB are those of some 700 sentences.
    """

    def __init__(
        self, embeddings: Embeddings, size: int = 4096, token_bytes: int = _TOKEN_BYTES
    ) -> None:
        self._embeddings = embeddings
        self._size = size
        self._token_bytes = token_bytes
        self._rows: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._tokens: OrderedDict[str, TokenVectors] = OrderedDict()
        self._held_bytes = 0
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

    def encode_tokens(self, texts: Sequence[str]) -> list[TokenVectors] | None:
        """Vectors of each text and of its tokens; None where the encoder gives none of tokens."""
        embeddings = token_embeddings(self._embeddings)
        if embeddings is None:
            return None
        with self._lock:
            known = {text: self._tokens[text] for text in texts if text in self._tokens}
            for text in known:
                self._tokens.move_to_end(text)
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            known.update(zip(missing, embeddings.embed_tokens(missing), strict=True))
            with self._lock:
                for text in missing:
                    self._keep(text, known[text])
        return [known[text] for text in texts]

    def _keep(self, text: str, vectors: TokenVectors) -> None:
        replaced = self._tokens.pop(text, None)
        self._tokens[text] = vectors
        self._held_bytes += vectors.tokens.nbytes - (replaced.tokens.nbytes if replaced else 0)
        while self._held_bytes > self._token_bytes:
            _, dropped = self._tokens.popitem(last=False)
            self._held_bytes -= dropped.tokens.nbytes


@dataclass(frozen=True, slots=True)
class ReaderEncoders:
    """What the reader encodes with.

    Attributes:
        answers: questions and sentences, so that a question lies near its answer.
        meaning: names and values of tools, so that like lies near like.
    """

    answers: CachedEncoder
    meaning: CachedEncoder

    @classmethod
    def of(cls, embeddings: Embeddings | None = None) -> ReaderEncoders:
        """The ones that ship with the install, or other embeddings for both."""
        if embeddings is not None:
            encoder = CachedEncoder(embeddings)
            return cls(encoder, encoder)
        from mdsa.embeddings import ANSWER_MODEL, load_embeddings

        return cls(CachedEncoder(load_embeddings(ANSWER_MODEL)), CachedEncoder(load_embeddings()))
