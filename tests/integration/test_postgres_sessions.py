"""Sessions that several servers share in PostgreSQL."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psycopg
import pytest
from fakes.postgres_server import empty
from fakes.web_agents import Clerk, web_agent
from langchain_core.runnables import RunnableConfig
from langgraph.graph import START, MessagesState, StateGraph
from pydantic import SecretStr

from mdsa.errors import ConfigError, SessionAccessError, SessionBusyError, StorageError
from mdsa.sessions.postgres import open_postgres_sessions
from mdsa.sessions.postgres.connection import Connector
from mdsa.sessions.postgres.lease import _key

CONTEXT = {"session_id": "s-1", "user_id": "ann"}


@pytest.fixture
def url(postgres: str) -> str:
    empty(postgres)
    return postgres


def end_connections(url: str) -> None:
    """End them at the server, as its restart does."""
    with psycopg.connect(url, autocommit=True) as administrator:
        administrator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mdsa'"
        )


def end_lease(url: str) -> None:
    """End the one connection that holds a lease; on return the lease is free."""
    with psycopg.connect(url, autocommit=True) as administrator:
        (found,) = administrator.execute(
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
        ).fetchall()
        administrator.execute("SELECT pg_terminate_backend(%s, 10000)", found)


def test_a_conversation_goes_on_at_another_server(tmp_path: Path, url: str) -> None:
    shared = SecretStr(url)
    with (
        web_agent(tmp_path / "one", Clerk(), database_url=shared) as one,
        web_agent(tmp_path / "two", Clerk(), database_url=shared) as two,
    ):
        one.process_request("an order", CONTEXT)
        second = two.process_request("the order again", CONTEXT)
        waiting = one.process_request("cancel the order", CONTEXT)
        assert waiting["interrupts"]
        resumed = two.resume("s-1", True, {"user_id": "ann"})

        assert second["response"] == "answer to the order again, after 1 others"
        assert resumed["response"] == "the tool says gone 7"
        assert [item.session_id for item in one.sessions.list("ann")] == ["s-1"]
        with pytest.raises(SessionAccessError):
            two.process_request("an order", {**CONTEXT, "user_id": "eve"})
    assert not (tmp_path / "one" / "data" / "sessions.db").exists()


async def test_one_server_waits_for_another_ones_turn(tmp_path: Path, url: str) -> None:
    shared, clerk = SecretStr(url), Clerk()
    with (
        web_agent(tmp_path / "one", clerk, database_url=shared) as one,
        web_agent(tmp_path / "two", Clerk(), database_url=shared, session_wait_s=0.1) as two,
    ):
        held = asyncio.create_task(one.aprocess_request("hold the order", CONTEXT))
        await clerk.holds()
        with pytest.raises(SessionBusyError, match="s-1"):
            await two.aprocess_request("an order", CONTEXT)
        await two.aprocess_request("an order", {**CONTEXT, "session_id": "s-2"})
        clerk.release()
        await held
        assert (await two.aprocess_request("an order", CONTEXT))["response"].endswith("1 others")


async def test_a_dead_server_leaves_no_lease(url: str) -> None:
    async with (
        open_postgres_sessions(url, wait_s=0.1) as dying,
        open_postgres_sessions(url) as other,
    ):
        async with dying.hold("s-1"):
            end_lease(url)
            async with other.hold("s-1"):
                pass
        # It connects anew afterwards.
        async with dying.hold("s-1"):
            pass


def test_a_restart_of_the_database_between_turns_fails_none(tmp_path: Path, url: str) -> None:
    with web_agent(tmp_path, Clerk(), database_url=SecretStr(url)) as agent:
        agent.process_request("cancel the order", CONTEXT)
        end_connections(url)
        assert agent.resume("s-1", True, {"user_id": "ann"})["response"] == "the tool says gone 7"
        end_connections(url)
        assert agent.process_request("an order", CONTEXT)["response"].endswith("1 others")
        assert agent.sessions.show("s-1", "ann").turns == 3


async def test_a_silent_network_is_noticed(url: str) -> None:
    connector, chosen = Connector(url), Connector(f"{url}&keepalives_idle=60")
    try:
        set_ = (await connector.get()).info.get_parameters()
        assert (set_["keepalives_idle"], set_["keepalives_interval"]) == ("10", "5")
        assert (set_["keepalives_count"], set_["tcp_user_timeout"]) == ("3", "15000")
        assert (await chosen.get()).info.get_parameters()["keepalives_idle"] == "60"
    finally:
        await connector.close()
        await chosen.close()


async def test_a_turn_that_lost_its_lease_is_stopped(url: str) -> None:
    ran: list[str] = []

    def lose(_: MessagesState) -> None:
        ran.append("lose")
        end_lease(url)

    graph = StateGraph(MessagesState)
    graph.add_node("lose", lose)
    graph.add_node("tool", lambda _: ran.append("tool"))
    graph.add_edge(START, "lose")
    graph.add_edge("lose", "tool")
    config: RunnableConfig = {"configurable": {"thread_id": "s-1"}}
    async with open_postgres_sessions(url) as store, open_postgres_sessions(url) as other:
        compiled = graph.compile(checkpointer=store.saver)
        async with store.hold("s-1"):
            with pytest.raises(StorageError, match="lost its lease"):
                await compiled.ainvoke({"messages": []}, config, durability="sync")
            assert ran == ["lose"]
            async with other.hold("s-1"), store.hold("s-2"):
                # Its connection is made anew by now, and holds another session.
                with pytest.raises(StorageError, match="lost its lease"):
                    await store.after_turn("s-1", messages=1)
                await store.after_turn("s-2", messages=1)
                await other.after_turn("s-1", messages=1)
        assert (await store.show("s-1")).turns == 1


async def test_a_wait_that_is_cancelled_leaves_no_lease(url: str) -> None:
    async with open_postgres_sessions(url) as one, open_postgres_sessions(url) as two:
        async with one.hold("s-1"):
            waiting = asyncio.create_task(two.hold("s-1").__aenter__())
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting

        async def held() -> list[tuple[int]]:
            async with await psycopg.AsyncConnection.connect(url) as connection:
                rows = await connection.execute(
                    "SELECT 1 FROM pg_locks WHERE locktype = 'advisory'"
                )
                return await rows.fetchall()

        assert await held() == []


async def test_servers_that_start_together_make_the_tables_once(url: str) -> None:
    async def start() -> int:
        async with open_postgres_sessions(url) as store:
            return len(await store.list())

    assert await asyncio.gather(*(start() for _ in range(4))) == [0, 0, 0, 0]


async def test_a_lost_database_is_a_storage_error_without_its_password(url: str) -> None:
    with pytest.raises(StorageError, match="MDSA_DATABASE_URL") as caught:
        async with open_postgres_sessions("postgresql://ann:sesame@127.0.0.1:9/mdsa"):
            pass
    assert "sesame" not in str(caught.value)
    with pytest.raises(ConfigError, match="postgresql://USER") as refused:
        async with open_postgres_sessions("postgres//ann:sesame@host"):
            pass
    assert "sesame" not in str(refused.value)


def test_ids_of_locks_fit_and_differ() -> None:
    keys = {_key(f"s-{number}") for number in range(1000)}
    assert len(keys) == 1000
    assert all(-(2**63) <= key < 2**63 for key in keys)
