"""Bounds and failures: loops end, time ends, and another model answers."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from fakes.chat_models import ScriptedChatModel, calls
from fakes.graphs import agent, ask, specialist
from fakes.order_tools import OrderDesk
from fakes.retrieving import ListRetriever
from langchain_core.callbacks import (
    AsyncCallbackManagerForRetrieverRun,
    CallbackManagerForRetrieverRun,
)
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import tool

from mdsa.errors import ModelError

both_ways = pytest.mark.parametrize("run_async", [False, True], ids=["sync", "async"])


async def never(_: object) -> str:
    return await asyncio.Future()


@tool
async def hang() -> str:
    """Never end."""
    return await asyncio.Future()


class HangingRetriever(BaseRetriever):
    """Never finds anything."""

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        raise NotImplementedError("async runs only")

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun
    ) -> list[Document]:
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
    assert "could not reach an answer" in state["messages"][-1].text


@both_ways
@pytest.mark.parametrize("failure", [ModelError("x"), ConnectionError("x"), httpx.ReadError("x")])
async def test_a_fallback_answers_where_the_model_fails(
    failure: Exception, run_async: bool
) -> None:
    fallback = ScriptedChatModel(replies=["from the fallback"])
    orders = specialist("orders", failure, fallbacks=[lambda: fallback])

    state = await ask(agent(orders=orders), "where is my parcel", run_async=run_async)

    assert state["messages"][-1].text == "from the fallback"
    assert state["answers"][0]["degraded"]


async def test_a_fallback_answers_where_the_model_is_too_slow() -> None:
    fallback = ScriptedChatModel(replies=["from the fallback"])
    orders = specialist("orders", never, fallbacks=[lambda: fallback], model_timeout_s=0.05)

    state = await ask(agent(orders=orders), "where is my parcel")

    assert state["messages"][-1].text == "from the fallback"
    assert state["answers"][0]["degraded"]


async def test_a_domain_whose_time_is_over_says_so() -> None:
    graph = agent(orders=specialist("orders", never, time_limit_s=0.05))

    state = await ask(graph, "where is my parcel")

    assert state["messages"][-1].text == "I could not answer this in time: “where is my parcel”"
    (answer,) = state["answers"]
    assert (answer["degraded"], answer["model"]) == (True, "")
    assert answer["failures"] == [{"model": "", "reason": "timeout"}]


async def test_a_domain_whose_time_is_over_leaves_the_other_ones_answer_alone() -> None:
    graph = agent(returns=specialist("returns", never, time_limit_s=0.05))

    state = await ask(graph, "how does a refund work? and where is my parcel?")

    assert state["messages"][-1].text == (
        "I could not answer this in time: “how does a refund work?”\n\norders answers"
    )


async def test_a_retriever_that_hangs_ends_with_the_domains_time() -> None:
    orders = specialist("orders", retriever=HangingRetriever(), time_limit_s=0.05)

    state = await ask(agent(orders=orders), "where is my parcel")

    assert state["messages"][-1].text.startswith("I could not answer this in time")


async def test_a_tool_that_hangs_ends_with_the_domains_time() -> None:
    model = ScriptedChatModel(replies=[calls(("hang", "0", {})), "too late"])
    orders = specialist("orders", model, tools=[hang], time_limit_s=1)

    state = await ask(agent(orders=orders), "where is my parcel")

    assert state["messages"][-1].text.startswith("I could not answer this in time")
    (call,) = state["answers"][0]["tool_calls"]
    assert call["status"] == "error"
    assert "whether the call took effect is not known" in call["content"]
    assert len(model.prompts) == 1


async def test_a_domain_within_its_time_answers() -> None:
    orders = specialist("orders", time_limit_s=30)

    state = await ask(agent(orders=orders), "where is my parcel")

    assert state["messages"][-1].text == "orders answers"


@both_ways
async def test_a_model_without_fallback_is_tried_once_more(run_async: bool) -> None:
    model = ScriptedChatModel(replies=[ConnectionError("reset"), "second try"])

    state = await ask(agent(orders=specialist("orders", model)), "my parcel", run_async=run_async)

    assert state["messages"][-1].text == "second try"
    assert len(model.prompts) == 2
    assert not state["answers"][0]["degraded"]


@both_ways
async def test_a_failure_that_cannot_pass_ends_the_turn_at_once(run_async: bool) -> None:
    model = ScriptedChatModel(replies=[ModelError("no weights")])

    with pytest.raises(ModelError, match="no weights"):
        await ask(agent(orders=specialist("orders", model)), "my parcel", run_async=run_async)
    assert len(model.prompts) == 1


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
    graph = agent(returns=specialist("returns", broken, fallbacks=[lambda: fallback]))

    state = await ask(graph, "how does a refund work? and where is my parcel?", run_async=run_async)

    assert [
        answer["degraded"] for answer in sorted(state["answers"], key=lambda a: a["position"])
    ] == [
        True,
        False,
    ]
    assert state["messages"][-1].text == "from the fallback\n\norders answers"
