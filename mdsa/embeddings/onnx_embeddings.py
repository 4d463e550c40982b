"""Sentence embeddings from an ONNX encoder."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
import onnxruntime
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray
from tokenizers import Tokenizer

__all__ = ["OnnxEmbeddings"]

_MOST_WORKERS = 4
_FEW_TEXTS = 8
_RECENT_TEXTS = 64


class OnnxEmbeddings(Embeddings):
    """Embeds texts with a graph as `mdsa.embeddings.bert_graph` writes it.

    Every text is encoded by itself: measured, that is faster than padded batches for paragraphs
    (no padding, small working set), and a vector then never depends on its neighbours, which
    dynamic quantization would make it do. Many documents are spread over threads.

    Args:
        session: input `input_ids`, output (batch, dimension).
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
        workers = min(_MOST_WORKERS, os.cpu_count() or 1)
        if len(texts) < _FEW_TEXTS or workers == 1:
            return [self.embed_query(text) for text in texts]
        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(self.embed_query, texts))

    def _encode(self, text: str) -> NDArray[np.float32]:
        # The tokenizer refuses lone surrogates, which messages from the web may hold.
        clean = text.encode("utf-8", "replace").decode()
        tokens = np.array([self._tokenizer.encode(clean).ids], np.int64)
        output = self._session.run(None, {"input_ids": tokens})
        return np.asarray(output[0][0], np.float32)
