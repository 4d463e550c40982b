"""Messages that the router cannot place, and the documents that can."""

from __future__ import annotations

import pytest
from fakes.graphs import agent, ask, specialist
from fakes.retrieving import ListRetriever
from langchain_core.documents import Document

from mdsa.graph.context import RunContext

UNCLEAR = "what does W15 mean?"


def manual(similarity: float) -> ListRetriever:
    metadata = {"similarity": similarity, "scope": "local", "title": "Codes", "score": 0.5}
    return ListRetriever(documents=[Document("W15 means cold.", metadata=metadata)])


@pytest.mark.parametrize("run_async", [True, False])
async def test_a_domain_answers_what_stands_in_its_documents(run_async: bool) -> None:
    graph = agent(
        orders=specialist("orders", retriever=manual(0.1)),
        returns=specialist("returns", retriever=manual(0.7)),
    )

    state = await ask(graph, UNCLEAR, run_async=run_async)

    assert state["route"]["decision"] == "direct"
    assert state["route"]["domains"] == ["returns"]
    assert state["messages"][-1].text == "returns answers"


async def test_a_message_that_nothing_speaks_for_stays_unmatched() -> None:
    graph = agent(
        orders=specialist("orders", retriever=manual(0.1)),
        returns=specialist("returns", retriever=manual(0.12)),
    )

    state = await ask(graph, UNCLEAR)

    assert state["route"]["decision"] == "unmatched"


async def test_documents_that_the_caller_may_not_read_are_not_searched() -> None:
    secret = manual(0.9)
    graph = agent(
        orders=specialist("orders", retriever=manual(0.1)),
        returns=specialist("returns", retriever=secret),
    )

    state = await ask(graph, UNCLEAR, context=RunContext(allowed_domains=["orders"]))

    assert state["route"]["decision"] == "unmatched"
    assert secret.queries == []
