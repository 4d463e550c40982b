"""Embeddings from an Ollama server."""

from __future__ import annotations

from langchain_core.embeddings import Embeddings
from langchain_ollama import OllamaEmbeddings

from mdsa.utils.http_clients import client_options
from mdsa.utils.ollama_address import server_auth, server_url
from mdsa.utils.ollama_failures import explained
from mdsa.utils.shown_url import shown_url

__all__ = ["OllamaServerEmbeddings"]


class OllamaServerEmbeddings(Embeddings):
    """LangChain's `OllamaEmbeddings`, with errors that say what to run.

    Every call may raise the errors of `mdsa.utils.ollama_failures.explained`.

    Args:
        model: name on the server, such as `nomic-embed-text`.
        base_url: the server; None is `OLLAMA_HOST` or Ollama's own default.
        timeout_s: longest wait for vectors, in seconds.

    Raises:
        ConfigError: `base_url` is no address.
    """

    def __init__(self, model: str, base_url: str | None = None, timeout_s: float = 120.0) -> None:
        self._model = model
        url = server_url(base_url)
        self._url = shown_url(url)
        self._timeout_s = timeout_s
        self._inner = OllamaEmbeddings(
            model=model,
            base_url=self._url,
            client_kwargs={**client_options(timeout_s), "auth": server_auth(url)},
        )

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed texts, one vector each."""
        with explained(self._model, self._url, timeout_s=self._timeout_s):
            return self._inner.embed_documents(texts)

    def embed_query(self, text: str) -> list[float]:
        """Embed one text."""
        return self.embed_documents([text])[0]

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed texts without blocking the event loop."""
        with explained(self._model, self._url, timeout_s=self._timeout_s):
            return await self._inner.aembed_documents(texts)

    async def aembed_query(self, text: str) -> list[float]:
        """Embed one text without blocking the event loop."""
        return (await self.aembed_documents([text]))[0]
