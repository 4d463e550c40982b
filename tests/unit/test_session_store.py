"""Owners, listing, showing, deleting and pruning of sessions."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from fakes.postgres_server import empty
from langchain_core.messages import AIMessage
from langgraph.graph import START, MessagesState, StateGraph

from mdsa.errors import (
    InvalidInputError,
    SessionAccessError,
    SessionBusyError,
    UnknownSessionError,
)
from mdsa.sessions import SessionBackend, open_session_store, validate_session_id
from mdsa.sessions.postgres import open_postgres_sessions


class State(MessagesState):
    last_domain: str


def answer(state):
    text = f"answer to {state['messages'][-1].content}"
    message = AIMessage(text, additional_kwargs={"domain": "orders"})
    return {"messages": [message], "last_domain": "orders"}


def graph_of(store: SessionBackend):
    builder = StateGraph(State)
    builder.add_node("answer", answer)
    builder.add_edge(START, "answer")
    return builder.compile(checkpointer=store.saver)


async def run_graph(store, session_id, text="hi"):
    config = {"configurable": {"thread_id": session_id}}
    return await graph_of(store).ainvoke({"messages": [("user", text)]}, config, durability="sync")


async def take_turn(store, session_id, user_id=None, text="hi"):
    async with store.hold(session_id, user_id):
        state = await run_graph(store, session_id, text)
        await store.after_turn(
            session_id, messages=len(state["messages"]), last_domain=state["last_domain"]
        )


@pytest.fixture
async def file_store(tmp_path):
    async with open_session_store(tmp_path, wait_s=0.05) as opened:
        yield opened


@pytest.fixture(params=["sqlite", "postgres"])
async def store(request, tmp_path):
    if request.param == "sqlite":
        async with open_session_store(tmp_path, wait_s=0.05) as opened:
            yield opened
        return
    url = request.getfixturevalue("postgres")
    empty(url)
    async with open_postgres_sessions(url, wait_s=0.05) as opened:
        yield opened


async def test_list_tells_about_each_session_last_used_first(store):
    before = datetime.now(UTC)
    await take_turn(store, "s1", "ann")
    await take_turn(store, "s2", "bob")
    await take_turn(store, "s1", "ann")

    first, second = await store.list()
    assert (first.session_id, first.user_id, first.turns, first.messages) == ("s1", "ann", 2, 4)
    assert first.last_domain == "orders"
    assert before <= second.updated_at <= first.updated_at <= datetime.now(UTC)
    assert [info.session_id for info in await store.list("bob")] == ["s2"]
    assert await store.list("carol") == []
    assert [info.session_id for info in await store.list(limit=1)] == ["s1"]


async def test_show_gives_the_messages_as_plain_dicts(store):
    await take_turn(store, "s1", "ann", "where is it?")

    session = await store.show("s1", "ann")
    assert session.messages == [
        {"role": "user", "content": "where is it?", "domain": None},
        {"role": "assistant", "content": "answer to where is it?", "domain": "orders"},
    ]
    assert (session.user_id, session.turns, session.last_domain) == ("ann", 1, "orders")


async def test_sessions_outlive_the_process(tmp_path):
    async with open_session_store(tmp_path) as store:
        await take_turn(store, "s1", "ann", "one")
    async with open_session_store(tmp_path) as store:
        await take_turn(store, "s1", "ann", "two")
        contents = [message["content"] for message in (await store.show("s1")).messages]
    assert contents == ["one", "answer to one", "two", "answer to two"]


async def test_a_session_belongs_to_its_first_user(store):
    await take_turn(store, "s1", "ann")
    for attempt in (
        store.show("s1", "eve"),
        store.delete("s1", "eve"),
        take_turn(store, "s1", "eve"),
    ):
        with pytest.raises(SessionAccessError, match="'s1' belongs to another user"):
            await attempt
    assert (await store.show("s1", "ann")).turns == 1
    assert (await store.show("s1")).turns == 1


async def test_owner_is_known_before_the_first_turn_has_finished(store):
    async with store.hold("s1", "ann"):
        pass  # as after a crash in the first turn
    with pytest.raises(SessionAccessError):
        await take_turn(store, "s1", "eve")


async def test_anonymous_session_goes_to_the_first_user_who_continues_it(store):
    await take_turn(store, "s1", None)
    await take_turn(store, "s1", "ann")
    assert (await store.show("s1")).user_id == "ann"
    with pytest.raises(SessionAccessError, match="anonymous"):
        await take_turn(store, "s1", None)
    with pytest.raises(SessionAccessError):
        await store.show("s1", "eve")


async def test_stranger_is_refused_without_waiting_for_the_lease(store):
    async with store.hold("s1", "ann"):
        with pytest.raises(SessionAccessError):
            await take_turn(store, "s1", "eve")


async def test_threads_of_plain_langgraph_use_are_sessions_without_owner(store):
    await run_graph(store, "plain")

    (info,) = await store.list()
    assert (info.session_id, info.user_id, info.turns) == ("plain", None, 0)
    assert abs(datetime.now(UTC) - info.updated_at) < timedelta(minutes=1)
    assert len((await store.show("plain", "ann")).messages) == 2
    await store.delete("plain")
    assert await store.list() == []


async def test_delete_removes_the_session_and_its_text(store, tmp_path):
    await take_turn(store, "s1", "ann", "my secret is xyzzy")
    await take_turn(store, "s2", "ann")
    await store.delete("s1", "ann")

    assert [info.session_id for info in await store.list()] == ["s2"]
    with pytest.raises(UnknownSessionError, match="'s1'"):
        await store.show("s1")
    with pytest.raises(UnknownSessionError):
        await store.delete("s1")
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(b"xyzzy" in content for content in files)
    await take_turn(store, "s1", "eve")
    assert len((await store.show("s1", "eve")).messages) == 2


async def test_session_in_use_is_not_deleted(store):
    await take_turn(store, "s1")
    async with store.hold("s1"):
        with pytest.raises(SessionBusyError):
            await store.delete("s1")
    assert (await store.show("s1")).turns == 1


async def test_prune_keeps_the_sessions_last_used(store):
    for name in ("a", "b", "c", "d"):
        await take_turn(store, name)
    await take_turn(store, "a")

    report = await store.prune(max_sessions=2)
    assert report.deleted == ["b", "c"]
    assert {info.session_id for info in await store.list()} == {"a", "d"}


async def test_prune_deletes_by_age(store):
    await take_turn(store, "s1")
    assert (await store.prune(max_age=timedelta(hours=1))).deleted == []
    await asyncio.sleep(0.002)
    assert (await store.prune(max_age=timedelta(milliseconds=1))).deleted == ["s1"]
    assert await store.list() == []


async def test_prune_passes_over_sessions_in_use(store):
    await take_turn(store, "s1")
    async with store.hold("s1"):
        report = await store.prune(max_sessions=0)
    assert (report.deleted, report.busy) == ([], ["s1"])
    assert (await store.show("s1")).turns == 1


async def test_prune_cuts_plain_threads_to_their_latest_checkpoint(store):
    for text in ("one", "two"):
        await run_graph(store, "plain", text)

    report = await store.prune()
    assert report.checkpoints_deleted > 0
    config = {"configurable": {"thread_id": "plain"}}
    assert len([item async for item in store.saver.alist(config)]) == 1
    assert len((await store.show("plain")).messages) == 4


async def test_prune_shrinks_the_file(file_store):
    for number in range(5):
        await take_turn(file_store, f"s{number}", text="x" * 100_000)
    report = await file_store.prune(max_sessions=1)
    assert report.bytes_freed > 400_000


async def test_prune_refuses_negative_limits(store):
    with pytest.raises(InvalidInputError, match="negative"):
        await store.prune(max_sessions=-1)
    with pytest.raises(InvalidInputError, match="negative"):
        await store.prune(max_age=timedelta(seconds=-1))


async def test_history_of_a_session_does_not_grow_with_its_turns(store):
    config = {"configurable": {"thread_id": "s1"}}
    for _ in range(5):
        await take_turn(store, "s1")
        assert len([item async for item in store.saver.alist(config)]) == 1


@pytest.mark.parametrize("good", ["sess_abc123", "a", "x" * 200, "Zürich 1", "会话"])
def test_good_session_ids(good):
    assert validate_session_id(good) == good


@pytest.mark.parametrize(
    "bad", ["", "x" * 201, " a", "a ", "a\n", "a\x00b", "a\ud800", "a\u202eb", "\u00a0", None, 7]
)
async def test_bad_session_ids(file_store, bad):
    with pytest.raises(InvalidInputError, match="session_id"):
        validate_session_id(bad)
    with pytest.raises(InvalidInputError, match="session_id"):
        async with file_store.hold(bad):
            pass
