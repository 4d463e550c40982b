"""Sentence embeddings from an ONNX encoder."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TypeVar

import numpy as np
import onnxruntime
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from mdsa.embeddings.token_vectors import TokenVectors

__all__ = ["OnnxEmbeddings"]

_Result = TypeVar("_Result")

_MOST_WORKERS = 4
_FEW_TEXTS = 8
_RECENT_TEXTS = 64
_SPECIAL_TOKENS = 2
"""[CLS] and [SEP]."""


class OnnxEmbeddings(Embeddings):
    """Embeds texts with a graph as `mdsa.embeddings.bert_graph` writes it.

    Every text is encoded by itself: measured, that is faster than padded batches for paragraphs
    (no padding, small working set), and a vector then never depends on its neighbours, which
    dynamic quantization would make it do. Many documents are spread over threads.

    Args:
        session: input `input_ids`, outputs `embedding` (batch, dimension) and `tokens` (batch,
            tokens, dimension).
        tokenizer_json: the tokenizer, in the form of the `tokenizers` library.
        max_tokens: longer texts are cut here.
    """

    def __init__(
        self, session: onnxruntime.InferenceSession, tokenizer_json: str, max_tokens: int
    ) -> None:
        self._session = session
        self._tokenizer = Tokenizer.from_str(tokenizer_json)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_tokens)
        # Routing and retrieval embed the same message within a turn.
        self._recent = lru_cache(maxsize=_RECENT_TEXTS)(self._encode)

    def embed_query(self, text: str) -> list[float]:
        """Embed one text; a vector of length 1."""
        vector: list[float] = self._recent(text).tolist()
        return vector

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed texts; vectors of length 1."""
        return self._each(self.embed_query, texts)

    def embed_tokens(self, texts: list[str]) -> list[TokenVectors]:
        """Embed texts and, from the same run of the encoder, their tokens."""
        return self._each(self._encode_tokens, texts)

    def _each(self, encode: Callable[[str], _Result], texts: list[str]) -> list[_Result]:
        workers = min(_MOST_WORKERS, os.cpu_count() or 1)
        if len(texts) < _FEW_TEXTS or workers == 1:
            return [encode(text) for text in texts]
        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(encode, texts))

    def _encode(self, text: str) -> NDArray[np.float32]:
        output = self._session.run(["embedding"], {"input_ids": _ids(self._tokens_of(text))})
        return np.asarray(output[0][0], np.float32)

    def _encode_tokens(self, text: str) -> TokenVectors:
        encoding = self._tokens_of(text)
        whole, hidden = self._session.run(["embedding", "tokens"], {"input_ids": _ids(encoding)})
        ordinary = slice(1, -1) if len(encoding.ids) > _SPECIAL_TOKENS else slice(None)
        rows = np.asarray(hidden[0][ordinary], np.float32)
        rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
        return TokenVectors(
            text=np.asarray(whole[0], np.float32),
            tokens=rows.astype(np.float16),
            spans=tuple(encoding.offsets[ordinary]),
        )

    def _tokens_of(self, text: str) -> Encoding:
        # The tokenizer refuses lone surrogates, which messages from the web may hold.
        return self._tokenizer.encode(text.encode("utf-8", "replace").decode())


def _ids(encoding: Encoding) -> NDArray[np.int64]:
    return np.array([encoding.ids], np.int64)
