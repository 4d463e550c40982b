"""The encoder for LangChain; apart from it, because importing LangChain takes longer than it."""

from __future__ import annotations

from langchain_core.embeddings import Embeddings

from mdsa.router.encoder import TinyBertEncoder

__all__ = ["EncoderEmbeddings"]


class EncoderEmbeddings(Embeddings):
    """A `TinyBertEncoder` as LangChain embeddings."""

    def __init__(self, encoder: TinyBertEncoder) -> None:
        self._encoder = encoder

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed texts, one unit vector each."""
        vectors: list[list[float]] = self._encoder.encode(texts).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """Embed one text."""
        return self.embed_documents([text])[0]
