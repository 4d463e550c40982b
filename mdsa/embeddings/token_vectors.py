"""Vectors of a text's tokens, for models that compare texts word by word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray

from mdsa.embeddings.deferred import DeferredEmbeddings

__all__ = ["EmbedsTokens", "TokenVectors", "token_embeddings"]


@dataclass(frozen=True, slots=True, eq=False)
class TokenVectors:
    """A text as one vector, and each of its tokens as it reads in this text.

    Attributes:
        text: vector of the whole text, of length 1, float32 of shape (dimension,).
        tokens: vectors of length 1, float16 of shape (tokens, dimension), without those of the
            special tokens; with them where there are no others. Half the bytes of float32: they
            are kept by the hundred.
        spans: where each token begins and ends in the text, in characters.
    """

    text: NDArray[np.float32]
    tokens: NDArray[np.float16]
    spans: tuple[tuple[int, int], ...]


@runtime_checkable
class EmbedsTokens(Protocol):
    """Embeddings that also tell what each token means."""

    def embed_tokens(self, texts: list[str]) -> list[TokenVectors]:
        """Embed texts; the vectors of the texts are those of `embed_documents`."""


def token_embeddings(embeddings: Embeddings) -> EmbedsTokens | None:
    """The embeddings, loaded where that was put off, if they embed tokens; else None."""
    loaded = embeddings.load() if isinstance(embeddings, DeferredEmbeddings) else embeddings
    return loaded if isinstance(loaded, EmbedsTokens) else None
