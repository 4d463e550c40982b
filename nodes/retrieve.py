"""retrieve: passages for the question, from the one retriever that the subgraph was built with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.documents import Document
from langchain_core.messages import HumanMessage
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableConfig

from mdsa.errors import InvalidInputError
from mdsa.graph.state import DomainQuestion, DomainState, PassageRecord
from mdsa.nodes.history import question_text
from mdsa.nodes.time_budget import TimeBudget
from mdsa.nodes.time_limit import within_time
from mdsa.nodes.two_way import TwoWayNode

__all__ = ["make_retrieve"]


def make_retrieve(
    retriever: BaseRetriever | None, budget: TimeBudget | None = None
) -> TwoWayNode[DomainState]:
    """Build the node over a retriever; None is a domain without knowledge.

    No argument of a request can name another domain: the retriever is bound to its own. Where the
    domain's time is over before something was found, it goes on without passages.
    """

    def retrieve(state: DomainState, config: RunnableConfig) -> dict[str, Any]:
        search = _search_text(state)
        return _update(state, retriever.invoke(search, config) if retriever is not None else [])

    async def aretrieve(state: DomainState, config: RunnableConfig) -> dict[str, Any]:
        search = _search_text(state)
        found = await retriever.ainvoke(search, config) if retriever is not None else []
        return _update(state, found)

    def give_up(state: DomainState) -> dict[str, Any]:
        return _update(state, [])

    node = TwoWayNode(retrieve, aretrieve)
    return within_time(node, budget or TimeBudget(), give_up, first=True)


def _question(state: DomainState) -> str:
    query = state.get("query") or question_text(state["messages"])
    if not query.strip():
        raise InvalidInputError(
            "the domain was given no question; send a human message or the key 'query'"
        )
    return query


def _search_text(state: DomainState) -> str:
    return f"{state.get('context', '')} {_question(state)}".strip()


def _update(state: DomainState, documents: Sequence[Document]) -> dict[str, Any]:
    messages, query = state["messages"], _question(state)
    # A question that stands in no message becomes one, so that the conversation shows it.
    stands = bool(messages) and isinstance(messages[-1], HumanMessage)
    new = [HumanMessage(query)] if state.get("query") and not stands else []
    # A checkpointed subgraph of another application keeps its state from turn to turn.
    return {
        "messages": new,
        "asked": DomainQuestion(
            query=query,
            context=state.get("context", ""),
            position=state.get("position", 0),
            replies_from=len(messages) + len(new),
            images_optional=state.get("images_optional", False),
        ),
        "passages": [
            PassageRecord(content=document.page_content, metadata=dict(document.metadata))
            for document in documents
        ],
        "rounds": 0,
        "refused_calls": {},
        "answers": None,
    }
