"""Tools that write: nothing happens before a person agrees, and then it happens once."""

from __future__ import annotations

from typing import Any

import pytest
from fakes.chat_models import ScriptedChatModel, calls
from fakes.graphs import agent, ask, specialist, thread
from fakes.order_tools import OrderDesk
from langchain_core.messages import ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from mdsa.graph.builder import AgentGraph
from mdsa.sessions import strict_serializer

both_ways = pytest.mark.parametrize("run_async", [False, True], ids=["sync", "async"])

CANCEL = calls(("cancel", "c1", {"order": "7"}))


def desk_agent(desk: OrderDesk, *replies: Any) -> tuple[AgentGraph, ScriptedChatModel]:
    model = ScriptedChatModel(replies=list(replies))
    orders = specialist("orders", model, tools=desk.tools())
    return agent(InMemorySaver(serde=strict_serializer()), orders=orders), model


@both_ways
async def test_a_call_that_writes_waits_and_runs_once_when_it_is_approved(run_async: bool) -> None:
    desk = OrderDesk()
    graph, model = desk_agent(desk, CANCEL, "done")

    waiting = await ask(graph, "cancel my parcel", run_async=run_async)
    (interrupt,) = waiting["__interrupt__"]
    assert interrupt.value == {
        "type": "tool_approval",
        "domain": "orders",
        "calls": [{"id": "c1", "name": "cancel", "args": {"order": "7"}}],
    }
    assert desk.done == []

    state = await ask(graph, Command(resume=True), run_async=run_async)
    assert desk.done == ["cancelled 7"]
    assert state["messages"][-1].text == "done"
    (call,) = state["answers"][0]["tool_calls"]
    assert (call["name"], call["status"], call["content"]) == (
        "cancel",
        "success",
        "7 is cancelled",
    )
    assert len(model.prompts) == 2


@both_ways
async def test_a_declined_call_does_not_run_and_the_model_is_told(run_async: bool) -> None:
    desk = OrderDesk()
    graph, model = desk_agent(desk, CANCEL, "as you wish")

    await ask(graph, "cancel my parcel", run_async=run_async)
    state = await ask(graph, Command(resume=False), run_async=run_async)

    assert desk.done == []
    told = model.prompts[1][-1]
    assert isinstance(told, ToolMessage)
    assert (told.status, told.text) == ("error", "The user declined this call.")
    assert state["messages"][-1].text == "as you wish"
    assert state["answers"][0]["tool_calls"][0]["status"] == "error"


@both_ways
async def test_of_several_calls_only_those_that_are_named_run(run_async: bool) -> None:
    desk = OrderDesk()
    three = calls(*[("cancel", f"c{n}", {"order": str(n)}) for n in range(3)])
    graph, _ = desk_agent(desk, three, "done")

    await ask(graph, "cancel my parcels", run_async=run_async)
    await ask(graph, Command(resume={"c0": True, "c1": False}), run_async=run_async)

    assert desk.done == ["cancelled 0"]


async def test_nothing_of_a_round_runs_before_it_is_approved() -> None:
    desk = OrderDesk()
    both = calls(("look_up", "a", {"order": "7"}), ("cancel", "b", {"order": "7"}))
    graph, _ = desk_agent(desk, both, "done")

    await ask(graph, "cancel my parcel")
    assert desk.done == []

    await ask(graph, Command(resume=True))
    assert sorted(desk.done) == ["cancelled 7", "looked up 7"]


async def test_calls_that_only_read_do_not_wait() -> None:
    desk = OrderDesk()
    graph, _ = desk_agent(desk, calls(("look_up", "a", {"order": "7"})), "packed")

    state = await ask(graph, "where is my parcel")

    assert desk.done == ["looked up 7"]
    assert state["messages"][-1].text == "packed"


@pytest.mark.parametrize("garbage", ["yes", 1, {"c1": "yes"}, ["c1"]])
@both_ways
async def test_a_decision_that_cannot_be_read_is_asked_for_again(
    run_async: bool, garbage: object
) -> None:
    desk = OrderDesk()
    graph, _ = desk_agent(desk, CANCEL, "done")

    (first,) = (await ask(graph, "cancel my parcel", run_async=run_async))["__interrupt__"]
    again = await ask(graph, Command(resume={first.id: garbage}), run_async=run_async)
    (second,) = again["__interrupt__"]
    assert "resume with true, false" in second.value["error"]
    assert second.value["calls"] == first.value["calls"]
    assert desk.done == []

    state = await ask(graph, Command(resume={second.id: True}), run_async=run_async)
    assert desk.done == ["cancelled 7"]
    assert state["messages"][-1].text == "done"


@both_ways
async def test_a_new_message_lets_a_waiting_call_lapse(run_async: bool) -> None:
    desk = OrderDesk()
    graph, model = desk_agent(desk, CANCEL, "where it is")

    await ask(graph, "cancel my parcel", run_async=run_async)
    state = await ask(graph, "no, where is my parcel?", run_async=run_async)

    assert "__interrupt__" not in state
    assert desk.done == []
    assert state["messages"][-1].text == "where it is"
    assert not any(isinstance(message, ToolMessage) for message in model.prompts[1])
    config = thread("s")
    snapshot = await graph.aget_state(config) if run_async else graph.get_state(config)
    assert snapshot.next == ()


@both_ways
async def test_each_round_that_writes_is_approved_on_its_own(run_async: bool) -> None:
    desk = OrderDesk()
    # The same call id in both rounds, as small models write them.
    graph, _ = desk_agent(
        desk, calls(("cancel", "0", {"order": "1"})), calls(("cancel", "0", {"order": "2"})), "done"
    )

    await ask(graph, "cancel my parcels", run_async=run_async)
    second = await ask(graph, Command(resume=True), run_async=run_async)
    assert desk.done == ["cancelled 1"]
    assert second["__interrupt__"][0].value["calls"][0]["args"] == {"order": "2"}

    state = await ask(graph, Command(resume=False), run_async=run_async)
    assert desk.done == ["cancelled 1"]
    assert [call["status"] for call in state["answers"][0]["tool_calls"]] == ["success", "error"]


@both_ways
async def test_a_call_without_an_id_can_be_declined(run_async: bool) -> None:
    desk = OrderDesk()
    graph, _ = desk_agent(desk, calls(("cancel", None, {"order": "7"})), "as you wish")

    await ask(graph, "cancel my parcel", run_async=run_async)
    await ask(graph, Command(resume=False), run_async=run_async)

    assert desk.done == []


@both_ways
async def test_two_domains_wait_side_by_side_and_are_decided_by_id(run_async: bool) -> None:
    desk = OrderDesk()
    orders = ScriptedChatModel(replies=[calls(("cancel", "0", {"order": "o"})), "orders done"])
    returns = ScriptedChatModel(replies=[calls(("cancel", "0", {"order": "r"})), "returns done"])
    graph = agent(
        InMemorySaver(serde=strict_serializer()),
        orders=specialist("orders", orders, tools=desk.tools()),
        returns=specialist("returns", returns, tools=desk.tools()),
    )

    waiting = await ask(
        graph, "please cancel my parcel. And cancel the refund please", run_async=run_async
    )
    by_domain = {item.value["domain"]: item.id for item in waiting["__interrupt__"]}
    assert set(by_domain) == {"orders", "returns"}

    half = await ask(graph, Command(resume={by_domain["returns"]: True}), run_async=run_async)
    assert desk.done == ["cancelled r"]
    assert [item.value["domain"] for item in half["__interrupt__"]] == ["orders"]

    state = await ask(graph, Command(resume={by_domain["orders"]: False}), run_async=run_async)
    assert desk.done == ["cancelled r"]
    assert state["messages"][-1].text == "orders done\n\nreturns done"
    assert [len(model.prompts) for model in (orders, returns)] == [2, 2]
