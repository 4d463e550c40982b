"""A retriever over a list in memory."""

from __future__ import annotations

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import Field


class ListRetriever(BaseRetriever):
    """Gives all its documents for every query, and notes the queries."""

    documents: list[Document] = Field(default_factory=list)
    queries: list[str] = Field(default_factory=list)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        self.queries.append(query)
        return self.documents


def passage(text: str, title: str = "", scope: str = "local") -> Document:
    """A document with the metadata that MDSA's own retrievers give."""
    metadata = {
        "id": f"id:{title}",
        "title": title,
        "source": f"{title}.md",
        "scope": scope,
        "score": 0.5,
    }
    return Document(text, metadata=metadata)
