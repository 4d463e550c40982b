"""Checkpoints: every field survives strict reading, in memory and in SQLite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from fakes.chat_models import ScriptedChatModel, calls
from fakes.graphs import agent, ask, specialist, texts, thread
from fakes.order_tools import OrderDesk
from fakes.retrieving import ListRetriever, passage
from langchain_core.messages import AIMessage, ToolMessage
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from mdsa.graph.state import AgentState, DomainState
from mdsa.sessions import SessionSqliteSaver, strict_serializer


@asynccontextmanager
async def saver(kind: str, folder: Path) -> AsyncIterator[BaseCheckpointSaver[Any] | None]:
    if kind == "none":
        yield None
    elif kind == "memory":
        yield InMemorySaver(serde=strict_serializer())
    else:
        async with SessionSqliteSaver.open(folder / "sessions.db") as opened:
            yield opened


@pytest.mark.parametrize("kind", ["none", "memory", "sqlite"])
async def test_a_turn_is_the_same_with_every_checkpointer(kind: str, tmp_path: Path) -> None:
    async with saver(kind, tmp_path) as checkpointer:
        graph = agent(checkpointer)

        state = await ask(graph, "how does a refund work? and where is my parcel?")

        assert state["messages"][-1].text == "returns answers\n\norders answers"
        assert [answer["position"] for answer in state["answers"]] == [0, 1]


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_a_session_goes_on_where_another_graph_left_it(kind: str, tmp_path: Path) -> None:
    async with saver(kind, tmp_path) as checkpointer:
        await ask(agent(checkpointer), "where is my parcel")
        state = await ask(agent(checkpointer), "and is it fast?")

        assert texts(state["messages"]) == [
            "where is my parcel",
            "orders answers",
            "and is it fast?",
            "orders answers",
        ]
        assert state["answers"][0]["domain"] == "orders"


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_sessions_do_not_see_each_other(kind: str, tmp_path: Path) -> None:
    async with saver(kind, tmp_path) as checkpointer:
        graph = agent(checkpointer)
        await ask(graph, "where is my parcel", session="a")

        state = await ask(graph, "how does a refund work", session="b")

        assert len(state["messages"]) == 2


async def test_an_approval_waits_across_a_restart(tmp_path: Path) -> None:
    desk = OrderDesk()

    def orders() -> Any:
        model = ScriptedChatModel(
            replies=[lambda prompt: "done" if isinstance(prompt[-1], ToolMessage) else CANCEL]
        )
        return specialist("orders", model, tools=desk.tools())

    for step in ("cancel my parcel", Command(resume=True)):
        async with SessionSqliteSaver.open(tmp_path / "sessions.db") as opened:
            state = await ask(agent(opened, orders=orders()), step)

    assert desk.done == ["cancelled 7"]
    assert state["messages"][-1].text == "done"


CANCEL = calls(("cancel", "c1", {"order": "7"}))


async def test_every_field_of_the_states_survives_strict_reading() -> None:
    strict = strict_serializer()
    checkpointer = InMemorySaver()  # reads every type, and so gives what was written
    metadata_of_a_file = passage("Packed.", "status")
    metadata_of_a_file.metadata |= {"page": 3, "tags": ["a"], "none": None, "nested": {"x": 1.5}}
    desk = OrderDesk()
    wants_both = calls(("look_up", "c0", {"order": "7"}), ("cancel", "c1", {"order": "7"}))
    graph = agent(
        checkpointer,
        orders=specialist(
            "orders",
            wants_both,
            "It is packed. [1]",
            tools=desk.tools(),
            retriever=ListRetriever(documents=[metadata_of_a_file]),
        ),
    )
    await ask(graph, "parcel refund")  # asks back
    for step in ("the first", Command(resume={"c0": True}), "how does a refund work? my parcel?"):
        await ask(graph, step)

    seen: dict[str, list[Any]] = {}
    for checkpoint in checkpointer.list(None):
        values = checkpoint.checkpoint["channel_values"]
        for name, value in [*values.items(), *values.get("__start__", {}).items()]:
            seen.setdefault(name, []).append(value)
    assert {*AgentState.__annotations__, *DomainState.__annotations__, "messages"} <= set(seen)
    assert desk.done == ["looked up 7"]
    for name, values in seen.items():
        for value in values:
            assert strict.loads_typed(strict.dumps_typed(value)) == value, name


async def test_what_a_checkpoint_holds_is_read_back_as_it_was() -> None:
    graph = agent(InMemorySaver(serde=strict_serializer()))

    state = await ask(graph, "how does a refund work? and where is my parcel?")
    restored = (await graph.aget_state(thread("s"))).values

    assert restored == state
    assert isinstance(restored["messages"][-1], AIMessage)
