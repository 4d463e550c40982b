"""The whole graph with fakes: every way that a message can take."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from fakes.chat_models import ScriptedChatModel
from fakes.graphs import DOMAINS, UNMATCHED, agent, ask, specialist, texts
from fakes.retrieving import ListRetriever, passage
from langchain_core.messages import AIMessage
from langgraph.checkpoint.memory import InMemorySaver

from mdsa.errors import ModelError
from mdsa.graph.context import RunContext

both_ways = pytest.mark.parametrize("run_async", [False, True], ids=["sync", "async"])


@both_ways
async def test_a_clear_question_goes_to_its_domain(run_async: bool) -> None:
    retriever = ListRetriever(documents=[passage("It is packed.", "status")])
    graph = agent(orders=specialist("orders", "It is packed. [1]", retriever=retriever))

    state = await ask(graph, "where is my parcel", run_async=run_async)

    assert state["route"]["decision"] == "direct"
    assert state["route"]["domains"] == ["orders"]
    assert state["messages"][-1].text == "It is packed. [1]"
    assert state["last_domain"] == "orders"
    (answer,) = state["answers"]
    assert [source["title"] for source in answer["sources"]] == ["status"]
    assert retriever.queries == ["where is my parcel"]


@both_ways
async def test_a_message_for_two_domains_is_answered_by_both_in_its_order(run_async: bool) -> None:
    graph = agent(
        orders=specialist("orders", "at home"), returns=specialist("returns", "in 5 days")
    )

    state = await ask(graph, "how does a refund work? and where is my parcel?", run_async=run_async)

    assert state["route"]["decision"] == "decompose"
    assert not state["route"]["used_reasoning"]
    assert state["messages"][-1].text == "in 5 days\n\nat home"
    assert state["messages"][-1].response_metadata["domains"] == ["returns", "orders"]
    assert len(state["messages"]) == 2


@both_ways
async def test_the_order_of_the_message_holds_where_the_later_branch_finishes_first(
    run_async: bool,
) -> None:
    second_is_done = threading.Event()
    finished: list[str] = []

    def wait(_: Any) -> str:
        assert second_is_done.wait(10)
        finished.append("returns")
        return "first"

    def go(_: Any) -> str:
        finished.append("orders")
        second_is_done.set()
        return "second"

    async def wait_off_the_loop(prompt: Any) -> str:
        return await asyncio.to_thread(wait, prompt)

    graph = agent(
        returns=specialist("returns", wait_off_the_loop if run_async else wait),
        orders=specialist("orders", go),
    )

    state = await ask(graph, "how does a refund work? and where is my parcel?", run_async=run_async)

    assert finished == ["orders", "returns"]
    assert state["messages"][-1].text == "first\n\nsecond"


@both_ways
async def test_close_domains_are_asked_back_and_the_choice_answers_the_first_question(
    run_async: bool,
) -> None:
    orders = specialist("orders", "it can be")
    graph = agent(InMemorySaver(), orders=orders)

    asked = await ask(graph, "parcel refund", session="s", run_async=run_async)
    assert asked["route"]["decision"] == "clarify"
    assert asked["messages"][-1].text == "Is your question about orders or about returns?"
    assert asked["pending_clarification"] == ["orders", "returns"]

    chosen = await ask(graph, "the first", session="s", run_async=run_async)
    assert chosen["route"]["decision"] == "direct"
    assert chosen["answers"][0]["query"] == "parcel refund"
    assert chosen["messages"][-1].text == "it can be"
    assert chosen["pending_clarification"] is None


@both_ways
async def test_what_no_domain_takes_is_answered_from_shared_knowledge(run_async: bool) -> None:
    retriever = ListRetriever(documents=[passage("We open at 9.", "hours", "global")])
    graph = agent(unmatched=specialist("unmatched", "We open at 9. [1]", retriever=retriever))

    state = await ask(graph, "when do you open", run_async=run_async)

    assert state["route"]["decision"] == "unmatched"
    assert state["messages"][-1].text == "We open at 9. [1]"
    assert state["messages"][-1].response_metadata["domains"] == []
    assert retriever.queries == ["when do you open"]


async def test_what_nobody_can_answer_names_what_can_be_asked() -> None:
    silent = AIMessage("I do not know.", response_metadata={"abstained": True})
    graph = agent(unmatched=specialist("unmatched", silent))

    state = await ask(graph, "sing me a song", context=RunContext(allowed_domains=["orders"]))

    assert state["messages"][-1].text == "I can't help with that. I can help with orders."


@both_ways
async def test_a_domain_that_the_caller_may_not_use_is_never_reached(run_async: bool) -> None:
    secret = ScriptedChatModel(replies=["the secret"])
    retriever = ListRetriever(documents=[passage("secret")])
    graph = agent(returns=specialist("returns", secret, retriever=retriever))
    context = RunContext(allowed_domains=["orders"])

    for message in ("how does a refund work", "where is my parcel? how does a refund work?"):
        state = await ask(graph, message, context=context, run_async=run_async)
        assert "the secret" not in state["messages"][-1].text

    assert secret.prompts == []
    assert retriever.queries == []
    assert "I can't help with this part: “how does a refund work?”" in state["messages"][-1].text
    assert "returns" not in str(state)


async def test_a_follow_up_stays_with_its_domain_and_carries_the_question_before() -> None:
    model = ScriptedChatModel(replies=["five days", "yes"])
    retriever = ListRetriever()
    graph = agent(InMemorySaver(), returns=specialist("returns", model, retriever=retriever))

    await ask(graph, "how does a refund work", session="s")
    state = await ask(graph, "and does that include weekends?", session="s")

    assert state["route"]["domains"] == ["returns"]
    assert retriever.queries[-1] == "how does a refund work and does that include weekends?"
    assert texts(model.prompts[1])[1:] == [
        "how does a refund work",
        "five days",
        "and does that include weekends?",
    ]
    assert state["last_question"] == "how does a refund work and does that include weekends?"


async def test_a_domain_is_not_shown_what_another_one_said() -> None:
    orders = ScriptedChatModel(replies=["parcel answer"])
    returns = ScriptedChatModel(replies=["refund answer"])
    graph = agent(
        InMemorySaver(),
        orders=specialist("orders", orders),
        returns=specialist("returns", returns),
    )

    for message in ("how does a refund work", "where is my parcel", "is a refund quick"):
        await ask(graph, message, session="s")

    assert texts(orders.prompts[0])[1:] == ["where is my parcel"]
    assert texts(returns.prompts[1])[1:] == [
        "how does a refund work",
        "refund answer",
        "is a refund quick",
    ]


async def test_a_session_forgets_its_oldest_turns() -> None:
    graph = agent(InMemorySaver(), max_history=4)

    for number in range(5):
        state = await ask(graph, f"where is parcel {number}", session="s")

    assert texts(state["messages"]) == [
        "where is parcel 3",
        "orders answers",
        "where is parcel 4",
        "orders answers",
    ]


async def test_answers_of_the_turn_before_are_gone() -> None:
    graph = agent(InMemorySaver())

    await ask(graph, "how does a refund work? and where is my parcel?", session="s")
    state = await ask(graph, "where is my parcel", session="s")

    assert [answer["domain"] for answer in state["answers"]] == ["orders"]


@both_ways
async def test_the_reasoning_model_decides_where_the_router_is_unsure(run_async: bool) -> None:
    reasoning = ScriptedChatModel(
        replies=['[{"domain": "returns", "query": "how do refunds work"}]']
    )
    graph = agent(reasoning=reasoning)

    state = await ask(
        graph,
        "parcel parcel-shop refund",
        context=RunContext(clarify_margin=0),
        run_async=run_async,
    )

    assert state["route"]["domains"] == ["returns"]
    assert state["answers"][0]["query"] == "how do refunds work"
    assert state["messages"][-1].text == "returns answers"


@both_ways
async def test_a_reasoning_model_that_fails_degrades_the_turn(run_async: bool) -> None:
    graph = agent(reasoning=ScriptedChatModel(replies=[ModelError("no weights")]))

    state = await ask(graph, "how does a refund work? and where is my parcel?", run_async=run_async)

    assert state["route"]["degraded"]
    assert state["messages"][-1].text == "returns answers\n\norders answers"


def test_the_drawing_shows_the_nodes_of_every_domain() -> None:
    drawn = agent().get_graph(xray=True)

    nodes = set(drawn.nodes)
    for domain in (*DOMAINS, UNMATCHED):
        assert {f"{domain}:retrieve", f"{domain}:generate", f"{domain}:answer"} <= nodes
    assert {"classify", "gate", "decompose", "clarify", "merge"} <= nodes


def test_every_node_says_which_domain_it_belongs_to() -> None:
    graph = agent()

    for domain in DOMAINS:
        assert graph.builder.nodes[domain].metadata == {"description": f"About {domain}"}
    for name, subgraph in graph.get_subgraphs():
        assert {node.metadata["domain"] for node in subgraph.builder.nodes.values()} == {name}
        assert subgraph.get_name() == name
    assert graph.get_name() == "mdsa"


def test_the_context_is_served_as_a_form() -> None:
    schema = agent().get_context_jsonschema()

    assert schema is not None
    assert {"threshold", "allowed_domains", "facts"} <= set(schema["properties"])
    assert all("description" in field for field in schema["properties"].values())
    assert schema["properties"]["threshold"]["langgraph_nodes"] == ["gate"]
