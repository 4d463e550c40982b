"""A full disk, a read-only or damaged database: one clear error, nothing lost."""

import asyncio
import sqlite3
import time

import pytest
from langchain_core.messages import AIMessage, ToolMessage
from langgraph.checkpoint.base import id as checkpoint_ids
from langgraph.graph import START, MessagesState, StateGraph

from mdsa.errors import StorageError
from mdsa.sessions import SessionSqliteSaver, open_session_store

CONFIG = {"configurable": {"thread_id": "s1"}}


def graph_of(saver):
    builder = StateGraph(MessagesState)
    builder.add_node("answer", lambda _: {"messages": [AIMessage("hello")]})
    builder.add_edge(START, "answer")
    return builder.compile(checkpointer=saver)


async def take_turn(store, text="hi"):
    async with store.hold("s1"):
        state = await graph_of(store.saver).ainvoke(
            {"messages": [("user", text)]}, CONFIG, durability="sync"
        )
        await store.after_turn("s1", messages=len(state["messages"]))


async def contents(store):
    return [message["content"] for message in (await store.show("s1")).messages]


async def test_full_disk_is_a_clear_error_and_loses_nothing(tmp_path):
    async with open_session_store(tmp_path) as store:
        await take_turn(store, "before")
        ((pages,),) = await store.saver.fetch("PRAGMA page_count")
        await store.saver.fetch(f"PRAGMA max_page_count={pages}")
        with pytest.raises(StorageError, match=r"sessions\.db: the disk is full"):
            await take_turn(store, "x" * 1_000_000)
        assert await contents(store) == ["before", "hello"]

        await store.saver.fetch("PRAGMA max_page_count=1000000")
        await take_turn(store, "after")
        assert (await contents(store))[-2:] == ["after", "hello"]
    async with open_session_store(tmp_path) as store:
        assert (await contents(store))[:2] == ["before", "hello"]


async def test_read_only_database_is_a_clear_error(tmp_path):
    async with open_session_store(tmp_path) as store:
        await take_turn(store, "before")
        await store.saver.fetch("PRAGMA query_only=ON")
        with pytest.raises(StorageError, match=r"read-only.*MDSA_DATA_DIR"):
            await take_turn(store)
        assert await contents(store) == ["before", "hello"]


async def test_data_directory_that_cannot_be_made_is_a_clear_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"cannot be opened.*MDSA_DATA_DIR"):
        async with open_session_store(tmp_path / "file" / "data"):
            pass


async def filled_database(directory):
    async with open_session_store(directory) as store:
        for number in range(10):
            await take_turn(store, f"{number} " + "x" * 20_000)
    return directory / "sessions.db"


def scribble(path, offset, size):
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(b"\xff" * size)


@pytest.mark.parametrize("damage", ["header", "pages", "cut", "other file"])
async def test_damaged_database_is_refused_and_left_as_it_is(tmp_path, damage):
    path = await filled_database(tmp_path)
    size = path.stat().st_size
    if damage == "header":
        scribble(path, 0, 100)
    elif damage == "pages":
        scribble(path, 4096, size - 4096)
    elif damage == "cut":
        with path.open("r+b") as file:
            file.truncate(size // 2)
    else:
        path.write_text("not a database at all")
    damaged = path.read_bytes()

    with pytest.raises(StorageError, match=r"sessions\.db: .*Nothing was changed: .*backup"):
        async with open_session_store(tmp_path):
            pass
    assert path.read_bytes() == damaged


async def test_checkpoint_that_cannot_be_decoded_is_a_clear_error(tmp_path):
    path = await filled_database(tmp_path)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE checkpoints SET checkpoint = x'c1c1c1'")
    connection.commit()
    connection.close()
    async with open_session_store(tmp_path) as store:
        with pytest.raises(StorageError, match="a stored checkpoint cannot be read"):
            await store.show("s1")


async def test_cancelled_write_keeps_no_lock_on_the_database(tmp_path):
    """As when a turn runs out of time at any point of a write."""
    async with open_session_store(tmp_path) as store:
        await take_turn(store)
        latest = await store.saver.aget_tuple(CONFIG)
        for pauses in range(12):
            write = asyncio.create_task(
                store.saver.aput_writes(latest.config, [("messages", "x")], f"task {pauses}")
            )
            for _ in range(pauses):
                await asyncio.sleep(0)
            write.cancel()
            await asyncio.gather(write, return_exceptions=True)
            # A write that has begun is done to its end, on the connection's thread.
            in_transaction = await store.saver.conn.run(lambda conn: conn.in_transaction)
            assert not in_transaction

    async with open_session_store(tmp_path) as store:
        await take_turn(store)


async def test_failed_transaction_changes_nothing(tmp_path):
    async with SessionSqliteSaver.open(tmp_path / "sessions.db") as saver:

        def change(conn):
            conn.execute("CREATE TABLE t (x)")
            conn.execute("INSERT INTO missing VALUES (1)")

        with pytest.raises(StorageError, match="no such table"):
            await saver.change(change)
        assert await saver.fetch("SELECT 1 FROM sqlite_master WHERE name = 't'") == []


async def test_clock_set_back_hides_no_turn(tmp_path, monkeypatch):
    async with open_session_store(tmp_path) as store:
        await take_turn(store, "before")
        # The latest checkpoint is from tomorrow, by the clock of the process to come.
        ticks = (time.time_ns() // 100) + 0x01B21DD213814000 + 24 * 3600 * 10_000_000
        future = str(
            checkpoint_ids.UUID(int=(ticks >> 12) << 80 | (ticks & 0xFFF) << 64, version=6)
        )
        await store.saver.change(
            lambda conn: conn.execute("UPDATE checkpoints SET checkpoint_id = ?", (future,))
        )
    monkeypatch.setattr(checkpoint_ids, "_last_v6_timestamp", None)  # as in a new process

    async with open_session_store(tmp_path) as store:
        await take_turn(store, "after")
        assert await contents(store) == ["before", "hello", "after", "hello"]


async def test_database_is_private_to_its_user(tmp_path):
    path = await filled_database(tmp_path)
    assert path.stat().st_mode & 0o077 == 0


async def test_several_stores_open_one_new_directory_at_once(tmp_path):
    async def open_and_use(number):
        async with open_session_store(tmp_path, wait_s=30) as store, store.hold(f"s{number}"):
            pass

    await asyncio.gather(*(open_and_use(number) for number in range(8)))
    async with open_session_store(tmp_path) as store:
        assert len(await store.list()) == 8


class Disk:
    """Notes which changes SQLite was told to wait for; the module's own thread reads it."""

    def __init__(self) -> None:
        self.waits = []

    def __call__(self, statement):
        if statement.startswith("PRAGMA synchronous="):
            self.waits.append(statement.endswith("FULL"))


async def test_a_turn_waits_for_the_disk_once_and_for_what_tools_answered(tmp_path):
    async with open_session_store(tmp_path) as store:
        disk = Disk()
        await store.saver.conn.set_trace_callback(disk)
        await take_turn(store)
        # For the record of the turn, and not for the pruning after it.
        assert disk.waits[-2:] == [True, False]
        assert not any(disk.waits[:-2])

        latest = await store.saver.aget_tuple(CONFIG)
        answer = ToolMessage("done", tool_call_id="1")
        async with store.hold("s1"):
            disk.waits.clear()
            await store.saver.aput_writes(latest.config, [("messages", [answer])], "task")
        assert disk.waits == [True]


async def test_steps_outside_of_a_turn_wait_for_the_disk(tmp_path):
    async with open_session_store(tmp_path) as store:
        disk = Disk()
        await store.saver.conn.set_trace_callback(disk)
        await graph_of(store.saver).ainvoke({"messages": [("user", "hi")]}, CONFIG)
        assert disk.waits
        assert all(disk.waits)


async def test_a_turn_that_is_stopped_waits_for_the_disk(tmp_path):
    async with open_session_store(tmp_path) as store:
        disk = Disk()
        await store.saver.conn.set_trace_callback(disk)

        async def stopped() -> None:
            async with store.hold("s1"):
                await graph_of(store.saver).ainvoke({"messages": [("user", "hi")]}, CONFIG)
                raise TimeoutError

        with pytest.raises(TimeoutError):
            await stopped()
        assert disk.waits[-1]
