"""What the domains' own documents say about where an unclear message belongs.

A router knows a domain by its name, description, keywords and examples; its documents hold far more
of the words that callers use. They are searched only where the router is not sure, since a search
takes milliseconds and the router does not.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from langchain_core.callbacks import (
    AsyncCallbackManagerForRetrieverRun,
    CallbackManagerForRetrieverRun,
)
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableConfig
from pydantic import Field

from mdsa.errors import MdsaError

__all__ = [
    "Evidence",
    "SpeakingRetriever",
    "afind_evidence",
    "best_evidence",
    "find_evidence",
]

_log = logging.getLogger(__name__)


class _Weights(NamedTuple):
    """Log-odds that the domain whose document is most similar is the right one.

    Fitted with the similarities of all-MiniLM-L6-v2.
    """

    intercept: float
    similarity: float
    margin: float


_ROUTER_READ_NONE = _Weights(-3.31, 9.50, 5.80)
"""Fitted to three made-up organisations, in `evals/data/reader_dev.json`, each one a domain."""
_ROUTER_READ = _Weights(-2.50, 4.92, 7.93)
"""Where the router has read the documents itself, it leaves harder questions unsure, and a search
tells less. Fitted by `python -m mdsa.evals.knowledge_evidence`."""

_LEAST_SIMILARITY = -_ROUTER_READ_NONE.intercept / _ROUTER_READ_NONE.similarity
"""From here on a document alone, ahead of none, speaks rather for a message than against it."""


class SpeakingRetriever(BaseRetriever):
    """Leaves out documents that have too little to do with the message to answer it.

    For messages that the router calls out of scope: an answer from a document that merely shares a
    word with them is worse than none. Documents that do not tell their similarity stay.
    """

    retriever: BaseRetriever = Field(description="What is searched.")

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        found = self.retriever.invoke(query, {"callbacks": run_manager.get_child()})
        return [each for each in found if _speaks(each)]

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun
    ) -> list[Document]:
        found = await self.retriever.ainvoke(query, {"callbacks": run_manager.get_child()})
        return [each for each in found if _speaks(each)]


class Evidence(NamedTuple):
    """A domain whose own documents speak for it.

    Attributes:
        domain: its name.
        probability: that the message belongs there, in [0, 1].
        similarity: cosine of the message and the document.
        margin: how far the next domain's best document is behind; 0 without a rival, since being
            ahead of none says nothing.
        title: of that document.
    """

    domain: str
    probability: float
    similarity: float
    margin: float
    title: str


def find_evidence(
    text: str,
    retrievers: Mapping[str, BaseRetriever],
    config: RunnableConfig | None = None,
    *,
    router_read: bool = False,
) -> Evidence | None:
    """Search the domains' documents for a text, and weigh what is found.

    Args:
        text: the message.
        retrievers: by domain, those that may be searched.
        config: of the run.
        router_read: the router has read documents, too, and is not sure all the same.
    """
    try:
        found = {name: each.invoke(text, config) for name, each in retrievers.items()}
    except MdsaError as error:
        _tell(error)
        return None
    return best_evidence(found, router_read=router_read)


async def afind_evidence(
    text: str,
    retrievers: Mapping[str, BaseRetriever],
    config: RunnableConfig | None = None,
    *,
    router_read: bool = False,
) -> Evidence | None:
    """As `find_evidence`."""
    searches = (each.ainvoke(text, config) for each in retrievers.values())
    try:
        found = await asyncio.gather(*searches)
    except MdsaError as error:
        _tell(error)
        return None
    return best_evidence(dict(zip(retrievers, found, strict=True)), router_read=router_read)


def best_evidence(
    found: Mapping[str, Sequence[Document]], *, router_read: bool = False
) -> Evidence | None:
    """Weigh what was found for a message.

    Args:
        found: documents by the domain that searched. Counted are those of the domain's own store
            that tell their similarity, as `mdsa.retrieval` finds them. One more similar in the
            shared store speaks for no domain.
        router_read: as for `find_evidence`.

    Returns:
        The evidence for the best domain; None where no document speaks for one.
    """
    ranked = _ranked(found)
    if not ranked:
        return None
    (domain, own), *rivals = ranked
    shared = max((_similarity(each) for each in _of("global", found)), default=0.0)
    if shared > _similarity(own):
        return None
    similarity = _similarity(own)
    margin = similarity - _similarity(rivals[0][1]) if rivals else 0.0
    weights = _ROUTER_READ if router_read else _ROUTER_READ_NONE
    log_odds = weights.intercept + weights.similarity * similarity + weights.margin * margin
    title = str(own.metadata.get("title") or "")
    return Evidence(domain, 1 / (1 + math.exp(-log_odds)), similarity, margin, title)


def _tell(error: MdsaError) -> None:
    # The router's own verdict stands; the domain that it names meets the same error and tells it.
    _log.warning("knowledge could not be searched for where a message belongs: %s", error)


def _ranked(found: Mapping[str, Sequence[Document]]) -> list[tuple[str, Document]]:
    """The most similar own document of every domain that has one, best first."""
    best = [
        (domain, max(own, key=_similarity))
        for domain, documents in found.items()
        if (own := _of("local", {domain: documents}))
    ]
    return sorted(best, key=lambda each: -_similarity(each[1]))


def _of(scope: str, found: Mapping[str, Sequence[Document]]) -> list[Document]:
    return [
        document
        for documents in found.values()
        for document in documents
        if document.metadata.get("scope") == scope and "similarity" in document.metadata
    ]


def _speaks(document: Document) -> bool:
    told = "similarity" in document.metadata
    return not told or _similarity(document) >= _LEAST_SIMILARITY


def _similarity(document: Document) -> float:
    value: Any = document.metadata["similarity"]
    return float(value)
