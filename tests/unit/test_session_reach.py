"""Which domains a session tells of, as it is stored."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
from fakes.postgres_server import empty
from langchain_core.messages import AIMessage
from langgraph.graph import START, MessagesState, StateGraph

from mdsa.errors import SessionAccessError
from mdsa.sessions import SessionBackend, open_session_store
from mdsa.sessions.postgres import open_postgres_sessions
from mdsa.sessions.reach import check_domains, told_domains

OLD = """
CREATE TABLE mdsa_sessions (
    session_id TEXT PRIMARY KEY, user_id TEXT, turns INTEGER NOT NULL DEFAULT 0,
    messages INTEGER NOT NULL DEFAULT 0, updated_at DOUBLE PRECISION NOT NULL, last_domain TEXT
)
"""
ROW = "INSERT INTO mdsa_sessions VALUES ('old', 'ann', 1, 2, 0.0, 'orders')"


@pytest.fixture(params=["sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SessionBackend]:
    """Of a database that an earlier version made."""
    if request.param == "sqlite":
        with contextlib.closing(sqlite3.connect(tmp_path / "sessions.db")) as conn, conn:
            conn.execute(OLD)
            conn.execute(ROW)
        async with open_session_store(tmp_path) as opened:
            yield opened
        return
    url = request.getfixturevalue("postgres")
    empty(url)
    with psycopg.connect(url) as connection:
        connection.execute(OLD)
        connection.execute(ROW)
    async with open_postgres_sessions(url) as opened:
        yield opened


async def take_turn(store: SessionBackend, session: str, *domains: str) -> None:
    def answer(_state: MessagesState) -> dict[str, list[AIMessage]]:
        return {"messages": [AIMessage("yes", additional_kwargs={"domain": ", ".join(domains)})]}

    builder = StateGraph(MessagesState)
    builder.add_node("answer", answer)
    builder.add_edge(START, "answer")
    graph = builder.compile(checkpointer=store.saver)
    async with store.hold(session, "ann"):
        config = {"configurable": {"thread_id": session}}
        state = await graph.ainvoke({"messages": [("user", "hi")]}, config)  # type: ignore[arg-type, call-overload]  # a graph of the test's own
        told = told_domains(session, state)
        await store.after_turn(session, messages=2, last_domain=domains[-1], domains=told)


async def test_a_session_keeps_all_domains_of_its_turns(store: SessionBackend) -> None:
    await take_turn(store, "new", "billing", "orders")
    await take_turn(store, "new", "weather")
    await store.after_turn("new", messages=4, last_domain="billing", domains=["billing"])

    (new,) = [info for info in await store.list("ann") if info.session_id == "new"]
    assert new.domains == {"billing", "orders", "weather"}
    assert (await store.show("new", "ann")).domains == new.domains


async def test_one_of_before_they_were_kept_tells_them_by_what_was_said(
    store: SessionBackend,
) -> None:
    assert (await store.show("old")).domains == {"orders"}
    await take_turn(store, "old", "orders", "billing")
    await take_turn(store, "old", "billing")

    (old,) = await store.list("ann")
    assert old.domains is None
    session = await store.show("old")
    assert session.domains == {"billing", "orders"}
    check_domains(session, ["orders", "billing"])
    with pytest.raises(SessionAccessError):
        check_domains(session, ["billing"])


def test_what_a_turn_has_scored_is_told_of_and_so_is_a_subgraphs_own_domain() -> None:
    scored = {"classification": {"message": {"scores": {"a": 0.1}}}, "route": {"scores": {"b": 1}}}
    assert told_domains("a:1", {"messages": [], **scored}) == {"a", "b"}
    assert told_domains("c:1", {"messages": [], "asked": {}}) == {"c"}
    assert told_domains("c:1", {"messages": []}) == set()
