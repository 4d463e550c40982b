"""A LangChain retriever whose reach is settled when it is made."""

from __future__ import annotations

import asyncio
from typing import Any

from langchain_core.callbacks import (
    AsyncCallbackManagerForRetrieverRun,
    CallbackManagerForRetrieverRun,
)
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field

from mdsa.retrieval.hybrid import Mode
from mdsa.retrieval.knowledge_base import KnowledgeBase

__all__ = ["KnowledgeRetriever"]


class KnowledgeRetriever(BaseRetriever):
    """Finds passages for one domain: in the shared store and in the domain's own.

    The fields are frozen, and a call can set nothing but `k`; no argument that comes from a
    request, a model or a tool makes it read another domain.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid", frozen=True)

    knowledge: KnowledgeBase = Field(repr=False, exclude=True)
    domain: str | None = Field(description="Whose own store is read; None: the shared one only.")
    k: int = Field(default=5, ge=1, description="Passages at most.")
    filter: dict[str, Any] | None = Field(
        default=None, description="Condition on the metadata, as Chroma's `where`."
    )
    use_local: bool = Field(default=True, description="Read the domain's own store.")
    use_global: bool = Field(default=True, description="Read the shared store.")
    mode: Mode = Field(default="hybrid", description="Which scores count.")

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002
        k: int | None = None,
    ) -> list[Document]:
        return self._search(query, k)

    async def _aget_relevant_documents(
        self,
        query: str,
        *,
        run_manager: AsyncCallbackManagerForRetrieverRun,  # noqa: ARG002
        k: int | None = None,
    ) -> list[Document]:
        return await asyncio.to_thread(self._search, query, k)

    def _search(self, query: str, k: int | None) -> list[Document]:
        return self.knowledge.search(
            query,
            domain=self.domain,
            k=self.k if k is None else k,
            filter=self.filter,
            use_local=self.use_local,
            use_global=self.use_global,
            mode=self.mode,
        )
