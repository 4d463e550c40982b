"""Embeddings from an Ollama server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from langchain_core.embeddings import Embeddings
from langchain_ollama import OllamaEmbeddings
from ollama import ResponseError

from mdsa.errors import ModelUnavailableError

__all__ = ["OllamaServerEmbeddings"]

_T = TypeVar("_T")


class OllamaServerEmbeddings(Embeddings):
    """LangChain's `OllamaEmbeddings`, with errors that say what to run.

    Args:
        model: name on the server, such as `nomic-embed-text`.
        base_url: the server; None is Ollama's own default (`OLLAMA_HOST`).
    """

    def __init__(self, model: str, base_url: str | None = None) -> None:
        self._model = model
        self._base_url = base_url
        self._inner = OllamaEmbeddings(model=model, base_url=base_url)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed texts, one vector each."""
        return self._call(lambda: self._inner.embed_documents(texts))

    def embed_query(self, text: str) -> list[float]:
        """Embed one text."""
        return self._call(lambda: self._inner.embed_query(text))

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed texts without blocking the event loop."""
        return await self._acall(lambda: self._inner.aembed_documents(texts))

    async def aembed_query(self, text: str) -> list[float]:
        """Embed one text without blocking the event loop."""
        return await self._acall(lambda: self._inner.aembed_query(text))

    def _call(self, embed: Callable[[], _T]) -> _T:
        try:
            return embed()
        except (OSError, ResponseError) as error:
            raise self._unavailable(error) from error

    async def _acall(self, embed: Callable[[], Awaitable[_T]]) -> _T:
        try:
            return await embed()
        except (OSError, ResponseError) as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: Exception) -> ModelUnavailableError:
        server = self._base_url or "the default Ollama server"
        return ModelUnavailableError(
            f"embedding model {self._model!r} on {server} does not answer ({error}); "
            f"start it with 'ollama serve' and run: ollama pull {self._model}"
        )
