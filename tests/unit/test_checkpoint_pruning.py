"""Pruning drops what no run needs and nothing else."""

import operator
from typing import Annotated

import pytest
from langchain_core.messages import AIMessage
from langgraph.channels.delta import DeltaChannel
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import Command, interrupt
from typing_extensions import TypedDict

from mdsa.errors import InvalidInputError
from mdsa.sessions import SessionSqliteSaver

CONFIG = {"configurable": {"thread_id": "s1"}}


@pytest.fixture
async def saver(tmp_path):
    async with SessionSqliteSaver.open(tmp_path / "sessions.db") as opened:
        yield opened


async def namespaces(saver):
    return {
        item.config["configurable"]["checkpoint_ns"].partition(":")[0]
        async for item in saver.alist(CONFIG)
    }


class SubState(MessagesState):
    notes: Annotated[list[str], operator.add]


def graph_with_subgraphs(saver):
    """A subgraph that may ask for approval, and one with a memory of its own."""

    def ask(state):
        if state["messages"][-1].content == "ask":
            return {"messages": [AIMessage(f"approved: {interrupt('ok?')}")]}
        return {}

    call = StateGraph(MessagesState)
    call.add_node("prepare", lambda _: {})
    call.add_node("ask", ask)
    call.add_edge(START, "prepare")
    call.add_edge("prepare", "ask")
    call.add_edge("ask", END)

    memory = StateGraph(SubState)
    memory.add_node("note", lambda state: {"notes": [state["messages"][-1].content]})
    memory.add_node(
        "tell", lambda state: {"messages": [AIMessage("notes: " + ",".join(state["notes"]))]}
    )
    memory.add_edge(START, "note")
    memory.add_edge("note", "tell")
    memory.add_edge("tell", END)

    builder = StateGraph(MessagesState)
    builder.add_node("memory", memory.compile(name="memory", checkpointer=True))
    builder.add_node("call", call.compile(name="call"))
    builder.add_edge(START, "call")
    builder.add_edge("call", "memory")
    builder.add_edge("memory", END)
    return builder.compile(checkpointer=saver)


async def test_finished_subgraph_calls_go_and_subgraph_memory_stays(saver):
    graph = graph_with_subgraphs(saver)
    for text in ("one", "two"):
        await graph.ainvoke({"messages": [("user", text)]}, CONFIG, durability="sync")
    assert await namespaces(saver) == {"", "call", "memory"}

    await saver.aprune(["s1"])
    assert await namespaces(saver) == {"", "memory"}
    assert len([item async for item in saver.alist(CONFIG)]) == 2
    assert await saver.fetch("SELECT * FROM writes") == []

    state = await graph.ainvoke({"messages": [("user", "three")]}, CONFIG)
    assert state["messages"][-1].content == "notes: one,two,three"


async def test_interrupted_subgraph_resumes_after_pruning(saver):
    graph = graph_with_subgraphs(saver)
    await graph.ainvoke({"messages": [("user", "one")]}, CONFIG, durability="sync")
    state = await graph.ainvoke({"messages": [("user", "ask")]}, CONFIG, durability="sync")
    assert state["__interrupt__"]

    await saver.aprune(["s1"])
    assert "call" in await namespaces(saver)
    state = await graph.ainvoke(Command(resume="yes"), CONFIG, durability="sync")
    contents = [message.content for message in state["messages"]]
    assert contents[-2:] == ["approved: yes", "notes: one,approved: yes"]

    await saver.aprune(["s1"])
    assert "call" not in await namespaces(saver)


async def test_delta_channel_keeps_the_ancestors_it_is_rebuilt_from(saver):
    def extend(value, writes):
        return [*value, *(item for write in writes for item in write)]

    class State(TypedDict):
        log: Annotated[list[str], DeltaChannel(extend, snapshot_frequency=6)]

    builder = StateGraph(State)
    builder.add_node("echo", lambda state: {"log": [state["log"][-1] + "!"]})
    builder.add_edge(START, "echo")
    graph = builder.compile(checkpointer=saver)

    wanted = []
    for number in range(12):
        wanted += [str(number), f"{number}!"]
        await graph.ainvoke({"log": [str(number)]}, CONFIG, durability="sync")
        await saver.aprune(["s1"])
        assert (await graph.aget_state(CONFIG)).values["log"] == wanted
    assert len([item async for item in saver.alist(CONFIG)]) < 12


async def test_unknown_strategy_is_refused(saver):
    with pytest.raises(InvalidInputError, match="'keep_all'"):
        await saver.aprune(["s1"], strategy="keep_all")


async def test_copy_onto_a_used_thread_is_refused(saver):
    graph = graph_with_subgraphs(saver)
    for thread in ("s1", "s2"):
        config = {"configurable": {"thread_id": thread}}
        await graph.ainvoke({"messages": [("user", thread)]}, config)
    with pytest.raises(InvalidInputError, match="has a history already"):
        await saver.acopy_thread("s1", "s2")


async def test_consumer_of_alist_may_use_the_saver(saver):
    graph = graph_with_subgraphs(saver)
    await graph.ainvoke({"messages": [("user", "one")]}, CONFIG)
    async for item in saver.alist(CONFIG):
        assert await saver.aget_tuple(item.config) is not None
