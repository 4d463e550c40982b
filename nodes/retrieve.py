"""retrieve: passages for the question, from the one retriever that the subgraph was built with."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import HumanMessage
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableConfig

from mdsa.errors import InvalidInputError
from mdsa.graph.state import DomainQuestion, DomainState, PassageRecord
from mdsa.nodes.history import question_text
from mdsa.nodes.types import ConfigNode

__all__ = ["make_retrieve"]


def make_retrieve(
    retriever: BaseRetriever | None,
) -> ConfigNode[DomainState]:
    """Build the node over a retriever; None is a domain without knowledge.

    No argument of a request can name another domain: the retriever is bound to its own.
    """

    def retrieve(state: DomainState, config: RunnableConfig) -> dict[str, Any]:
        messages = state["messages"]
        query = state.get("query") or question_text(messages)
        if not query.strip():
            raise InvalidInputError(
                "the domain was given no question; send a human message or the key 'query'"
            )
        context = state.get("context", "")
        search = f"{context} {query}".strip()
        documents = retriever.invoke(search, config) if retriever is not None else []
        # A question that stands in no message becomes one, so that the conversation shows it.
        stands = bool(messages) and isinstance(messages[-1], HumanMessage)
        new = [HumanMessage(query)] if state.get("query") and not stands else []
        # A checkpointed subgraph of another application keeps its state from turn to turn.
        return {
            "messages": new,
            "asked": DomainQuestion(
                query=query,
                context=context,
                position=state.get("position", 0),
                replies_from=len(messages) + len(new),
            ),
            "passages": [
                PassageRecord(content=document.page_content, metadata=dict(document.metadata))
                for document in documents
            ],
            "rounds": 0,
            "refused_calls": {},
            "answers": None,
        }

    return retrieve
