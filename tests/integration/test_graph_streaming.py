"""Streaming with subgraphs: tokens and node updates from inside the domains."""

from __future__ import annotations

from typing import Any

import pytest
from fakes.chat_models import calls
from fakes.graphs import agent, specialist, thread
from fakes.order_tools import OrderDesk
from langchain_core.messages import AIMessageChunk, HumanMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver

both_ways = pytest.mark.parametrize("run_async", [False, True], ids=["sync", "async"])
QUESTION = {"messages": [HumanMessage("where is my parcel")]}


async def stream(graph: Any, given: Any, *, run_async: bool) -> list[tuple[Any, str, Any]]:
    options = {"stream_mode": ["messages", "updates"], "subgraphs": True}
    if run_async:
        return [part async for part in graph.astream(given, thread("s"), **options)]
    return list(graph.stream(given, thread("s"), **options))


@both_ways
async def test_tokens_come_from_inside_the_domain_word_by_word(run_async: bool) -> None:
    graph = agent(orders=specialist("orders", "It is on its way."))

    parts = await stream(graph, QUESTION, run_async=run_async)

    tokens = [
        (namespace, data[0].text, data[1]["langgraph_node"])
        for namespace, mode, data in parts
        if mode == "messages" and isinstance(data[0], AIMessageChunk) and data[0].text
    ]
    assert [text for _, text, _ in tokens] == ["It", " is", " on", " its", " way."]
    assert {node for _, _, node in tokens} == {"generate"}
    assert all(namespace[0].startswith("orders:") for namespace, _, _ in tokens)


@both_ways
async def test_every_node_tells_when_it_is_done(run_async: bool) -> None:
    parts = await stream(agent(), QUESTION, run_async=run_async)

    done = [
        "/".join([*(part.partition(":")[0] for part in namespace), name])
        for namespace, mode, data in parts
        if mode == "updates"
        for name in data
    ]
    assert done == [
        "classify",
        "gate",
        "orders/retrieve",
        "orders/generate",
        "orders/answer",
        "orders",
        "merge",
    ]


@both_ways
async def test_a_streamed_answer_and_the_final_message_have_one_id(run_async: bool) -> None:
    graph = agent(InMemorySaver(), orders=specialist("orders", "It is on its way."))

    parts = await stream(graph, QUESTION, run_async=run_async)

    streamed = {
        data[0].id
        for _, mode, data in parts
        if mode == "messages" and data[0].text and data[0].type == "AIMessageChunk"
    }
    final = graph.get_state(thread("s")).values["messages"][-1]
    assert streamed == {final.id}


@both_ways
async def test_tokens_of_two_domains_can_be_told_apart(run_async: bool) -> None:
    given = {"messages": [HumanMessage("how does a refund work? and where is my parcel?")]}

    parts = await stream(agent(), given, run_async=run_async)

    by_domain: dict[str, str] = {}
    for namespace, mode, data in parts:
        if mode == "messages" and isinstance(data[0], AIMessageChunk) and namespace:
            domain = namespace[0].partition(":")[0]
            by_domain[domain] = by_domain.get(domain, "") + data[0].text
    assert by_domain == {"orders": "orders answers", "returns": "returns answers"}


@both_ways
async def test_results_of_tools_come_as_messages_once_each(run_async: bool) -> None:
    desk = OrderDesk()
    call = calls(("look_up", "c0", {"order": "7"}))
    graph = agent(orders=specialist("orders", call, "packed", tools=desk.tools()))

    parts = await stream(graph, QUESTION, run_async=run_async)

    # Not under "updates": those of a nested graph show the keys of its output alone.
    results = [
        (namespace[0].partition(":")[0], data[0].name, data[0].text)
        for namespace, mode, data in parts
        if mode == "messages" and isinstance(data[0], ToolMessage)
    ]
    assert results == [("orders", "look_up", "7 is packed")]
