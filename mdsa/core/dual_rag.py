"""`DualRAG`: the knowledge base with dictionaries in and out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from langchain_core.embeddings import Embeddings

from mdsa.embeddings import DEFAULT_MODEL, load_embeddings
from mdsa.retrieval.hybrid import Mode
from mdsa.retrieval.knowledge_base import KnowledgeBase

__all__ = ["DualRAG"]


class DualRAG(KnowledgeBase):
    """Two tiers of knowledge: one that all domains share, and a private one per domain.

    It has all methods of `KnowledgeBase`. As a context manager, it closes the files at the end.
    Other processes may use the directory at the same time.

    Args:
        global_collection_name: names the shared store within the directory.
        embedding_model: as for `mdsa.embeddings.load_embeddings`.
        persist_directory: where the knowledge is kept; created by the first write.
        embeddings: used instead of `embedding_model`.
    """

    def __init__(
        self,
        global_collection_name: str = "global_knowledge",
        embedding_model: str = DEFAULT_MODEL,
        persist_directory: str | Path = "./chroma_db",
        *,
        embeddings: Embeddings | None = None,
    ) -> None:
        super().__init__(
            Path(persist_directory),
            embeddings or load_embeddings(embedding_model),
            shared_name=global_collection_name,
        )

    def add_global_documents(self, documents: Sequence[Mapping[str, Any]]) -> None:
        """Store documents that every domain may read.

        Args:
            documents: `{"content": str, "metadata"?: dict, "id"?: str}`; see `KnowledgeBase.add`,
                which raises the same errors.
        """
        self.add(documents)

    def add_local_documents(self, domain: str, documents: Sequence[Mapping[str, Any]]) -> None:
        """Store documents that only `domain` may read.

        Args:
            domain: whose they are.
            documents: as for `add_global_documents`.
        """
        self.add(documents, domain=domain)

    def query(
        self,
        query: str,
        domain: str | None = None,
        top_k: int = 5,
        use_local: bool = True,
        use_global: bool = True,
        *,
        filter: Mapping[str, Any] | None = None,  # noqa: A002
        mode: Mode = "hybrid",
    ) -> list[dict[str, Any]]:
        """Find passages; see `KnowledgeBase.search` for arguments and errors.

        Returns:
            `{"content", "score", "similarity", "metadata"}`, best first.
        """
        found = self.search(
            query,
            domain=domain,
            k=top_k,
            filter=filter,
            use_local=use_local,
            use_global=use_global,
            mode=mode,
        )
        return [
            {
                "content": document.page_content,
                "score": document.metadata["score"],
                "similarity": document.metadata["similarity"],
                "metadata": document.metadata,
            }
            for document in found
        ]

    async def aquery(
        self, query: str, domain: str | None = None, **options: Any
    ) -> list[dict[str, Any]]:
        """`query` without blocking the event loop; the same options."""
        return await asyncio.to_thread(self.query, query, domain, **options)
