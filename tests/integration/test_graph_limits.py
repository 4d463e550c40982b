"""Bounds and failures: loops end, time ends, and another model answers."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from fakes.chat_models import ScriptedChatModel, calls
from fakes.graphs import agent, ask, specialist
from fakes.order_tools import OrderDesk
from fakes.retrieving import ListRetriever
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langgraph.errors import NodeTimeoutError

from mdsa.errors import ModelError

both_ways = pytest.mark.parametrize("run_async", [False, True], ids=["sync", "async"])


async def never(_: object) -> str:
    return await asyncio.Future()


@both_ways
@pytest.mark.parametrize("limit", [0, 1, 3])
async def test_a_model_that_always_calls_tools_ends_after_its_rounds(
    limit: int, run_async: bool
) -> None:
    desk = OrderDesk()
    model = ScriptedChatModel(replies=[calls(("look_up", "0", {"order": "7"}))])
    orders = specialist("orders", model, tools=desk.tools(), max_tool_rounds=limit)

    state = await ask(agent(orders=orders), "where is my parcel", run_async=run_async)

    assert len(desk.done) == limit
    assert len(model.prompts) == limit + 1
    (answer,) = state["answers"]
    assert len(answer["tool_calls"]) == limit
    assert answer["abstained"]
    assert "could not come to an answer" in state["messages"][-1].text


@both_ways
@pytest.mark.parametrize("failure", [ModelError("x"), ConnectionError("x"), httpx.ReadError("x")])
async def test_a_fallback_answers_where_the_model_fails(
    failure: Exception, run_async: bool
) -> None:
    fallback = ScriptedChatModel(replies=["from the fallback"])
    orders = specialist("orders", failure, load_fallback=lambda: fallback)

    state = await ask(agent(orders=orders), "where is my parcel", run_async=run_async)

    assert state["messages"][-1].text == "from the fallback"
    assert state["answers"][0]["degraded"]


async def test_a_fallback_answers_where_the_model_is_too_slow() -> None:
    fallback = ScriptedChatModel(replies=["from the fallback"])
    orders = specialist("orders", never, load_fallback=lambda: fallback, model_timeout_s=0.05)

    state = await ask(agent(orders=orders), "where is my parcel")

    assert state["messages"][-1].text == "from the fallback"
    assert state["answers"][0]["degraded"]


async def test_a_domain_that_exceeds_its_time_is_stopped() -> None:
    graph = agent(orders=specialist("orders", never), domain_timeout_s=0.05)

    with pytest.raises(NodeTimeoutError):
        await ask(graph, "where is my parcel")


async def test_a_domain_within_its_time_answers() -> None:
    state = await ask(agent(domain_timeout_s=30), "where is my parcel")

    assert state["messages"][-1].text == "orders answers"


@both_ways
async def test_a_model_without_fallback_is_tried_once_more(run_async: bool) -> None:
    model = ScriptedChatModel(replies=[ConnectionError("reset"), "second try"])

    state = await ask(agent(orders=specialist("orders", model)), "my parcel", run_async=run_async)

    assert state["messages"][-1].text == "second try"
    assert len(model.prompts) == 2
    assert not state["answers"][0]["degraded"]


@both_ways
async def test_a_failure_that_stays_ends_the_turn(run_async: bool) -> None:
    model = ScriptedChatModel(replies=[ModelError("no weights")])

    with pytest.raises(ModelError, match="no weights"):
        await ask(agent(orders=specialist("orders", model)), "my parcel", run_async=run_async)
    assert len(model.prompts) == 2


class FlakyRetriever(ListRetriever):
    """Fails at its first query."""

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        found = super()._get_relevant_documents(query, run_manager=run_manager)
        if len(self.queries) == 1:
            raise ConnectionError("store is away")
        return found


@both_ways
async def test_retrieval_is_tried_once_more(run_async: bool) -> None:
    retriever = FlakyRetriever()
    orders = specialist("orders", retriever=retriever)

    state = await ask(agent(orders=orders), "where is my parcel", run_async=run_async)

    assert state["messages"][-1].text == "orders answers"
    assert len(retriever.queries) == 2


@both_ways
async def test_a_failing_domain_leaves_the_other_ones_answer_alone(run_async: bool) -> None:
    broken = ScriptedChatModel(replies=[ModelError("no weights")])
    fallback = ScriptedChatModel(replies=["from the fallback"])
    graph = agent(returns=specialist("returns", broken, load_fallback=lambda: fallback))

    state = await ask(graph, "how does a refund work? and where is my parcel?", run_async=run_async)

    assert [
        answer["degraded"] for answer in sorted(state["answers"], key=lambda a: a["position"])
    ] == [
        True,
        False,
    ]
    assert state["messages"][-1].text == "from the fallback\n\norders answers"
