"""A disk that is full, read-only or corrupt: a clear error, and what was acknowledged is there."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.agents import make_agent
from fakes.facade_client import FacadeClient

from mdsa.core.orchestrator import TinyBERTOrchestrator
from mdsa.errors import MdsaError, StorageError

FIRST = ["first order", "answer to first order"]


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[TinyBERTOrchestrator]:
    with make_agent(tmp_path) as agent:
        agent.register_domain("orders", "Orders", ["order"])
        yield agent


def ask(agent: TinyBERTOrchestrator, session: str = "s") -> str:
    return agent.process_request("an order", {"session_id": session})["domain"]


def test_a_full_disk_loses_nothing_that_was_acknowledged(tmp_path: Path):
    with FacadeClient(tmp_path) as process:
        process.call(ask="first order")
        process.call(add="the first document")
        process.call(limit=8192)

        refused = process.call(ask="second order")
        assert refused["error"] == "StorageError"
        assert str(tmp_path / "data" / "sessions.db") in refused["message"]
        refused = process.call(add="the second document")
        assert refused["error"] == "StorageError"
        assert str(tmp_path / "knowledge") in refused["message"]

        process.call(limit=None)
        assert process.call(show="s")[:2] == FIRST
        assert process.call(count=None) == 1
        assert process.call(ask="third order")["response"] == "answer to third order"
        assert process.call(add="the third document") is None
        assert process.call(count=None) == 2
        shown = process.call(show="s")
    assert shown[:2] == FIRST
    assert shown[-2:] == ["third order", "answer to third order"]


def test_a_read_only_folder_is_named_and_spared(tmp_path: Path, agent: TinyBERTOrchestrator):
    agent.rag.add_local_documents("orders", [{"content": "the first document"}])
    ask(agent)
    agent.close()
    agent.rag.close()
    before = agent.sessions.show("s")
    agent.close()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    folders = [tmp_path, *(path for path in tmp_path.rglob("*") if path.is_dir())]
    for path in [*files, *folders]:
        path.chmod(path.stat().st_mode & ~0o222)
    try:
        with FacadeClient(tmp_path) as process:
            process.call(unprivileged=None)

            refused = process.call(ask="second order")
            assert refused["error"] == "StorageError"
            assert "MDSA_DATA_DIR" in refused["message"]
            refused = process.call(add="the second document")
            assert refused["error"] == "StorageError"
            assert str(tmp_path / "knowledge") in refused["message"]
    finally:
        for path in [*folders, *files]:
            path.chmod(path.stat().st_mode | 0o200)

    assert agent.sessions.show("s") == before
    assert agent.rag.count(domain="orders") == 1
    assert ask(agent) == "orders"


def test_a_file_in_the_place_of_the_data_folder(tmp_path: Path, agent: TinyBERTOrchestrator):
    (tmp_path / "data").write_text("not a folder")

    for _ in range(2):
        with pytest.raises(StorageError, match="MDSA_DATA_DIR"):
            ask(agent)
    assert (tmp_path / "data").read_text() == "not a folder"

    (tmp_path / "data").unlink()
    assert ask(agent) == "orders"


def test_a_file_in_the_place_of_the_knowledge(tmp_path: Path, agent: TinyBERTOrchestrator):
    (tmp_path / "knowledge").write_text("not a folder")

    with pytest.raises(StorageError, match="knowledge is a file"):
        agent.rag.add_local_documents("orders", [{"content": "a document"}])
    with pytest.raises(StorageError, match="knowledge is a file"):
        ask(agent)

    (tmp_path / "knowledge").unlink()
    assert ask(agent) == "orders"


@pytest.mark.parametrize("content", [b"no database" * 500, b"SQLite format 3\x00" + b"\xff" * 9000])
def test_a_database_that_is_none_is_left_as_it_is(
    tmp_path: Path, agent: TinyBERTOrchestrator, content: bytes
):
    database = tmp_path / "data" / "sessions.db"
    database.parent.mkdir()
    database.write_bytes(content)

    with pytest.raises(StorageError, match=r"sessions\.db.*move it away"):
        ask(agent)
    with pytest.raises(StorageError, match=r"sessions\.db"):
        agent.sessions.list()
    assert database.read_bytes() == content

    database.rename(tmp_path / "kept.db")
    assert ask(agent) == "orders"


def test_a_damaged_database_is_told_at_start(tmp_path: Path, agent: TinyBERTOrchestrator):
    for number in range(5):
        ask(agent, f"s{number}")
    agent.close()
    database = tmp_path / "data" / "sessions.db"
    whole = database.read_bytes()
    page = 4096
    damaged = whole[:page] + b"\xa5" * (len(whole) - 2 * page) + whole[-page:]
    database.write_bytes(damaged)

    with pytest.raises(StorageError, match=r"sessions\.db: the file is damaged"):
        ask(agent)
    assert database.read_bytes() == damaged

    database.write_bytes(whole)
    assert ask(agent, "s0") == "orders"
    assert agent.sessions.show("s0").turns == 2


def test_one_corrupt_checkpoint_costs_one_session(tmp_path: Path, agent: TinyBERTOrchestrator):
    ask(agent, "broken")
    ask(agent, "whole")
    agent.close()
    with sqlite3.connect(tmp_path / "data" / "sessions.db") as connection:
        connection.execute(
            "UPDATE checkpoints SET checkpoint = x'c1c1c1' WHERE thread_id = 'broken'"
        )
    connection.close()

    for _ in range(2):
        with pytest.raises(StorageError, match="a stored checkpoint cannot be read"):
            ask(agent, "broken")
    assert ask(agent, "whole") == "orders"
    assert agent.sessions.show("whole").turns == 2

    agent.sessions.delete("broken")
    assert ask(agent, "broken") == "orders"


def test_a_corrupt_knowledge_store_is_named(tmp_path: Path, agent: TinyBERTOrchestrator):
    agent.rag.add_local_documents("orders", [{"content": "a document"}])
    agent.rag.close()
    store = tmp_path / "knowledge" / "chroma.sqlite3"
    whole = store.read_bytes()
    store.write_bytes(b"no database" * 500)

    with pytest.raises(MdsaError, match="knowledge"):
        ask(agent)
    agent.rag.close()
    store.write_bytes(whole)

    assert ask(agent) == "orders"
    assert agent.rag.count(domain="orders") == 1


def test_a_failed_turn_is_counted_and_announced(tmp_path: Path, agent: TinyBERTOrchestrator):
    ask(agent)
    heard: list[str] = []
    agent.message_bus.subscribe("request.failed", lambda m: heard.append(m.payload["error_type"]))
    shutil.rmtree(tmp_path / "data" / "leases")
    (tmp_path / "data" / "leases").write_text("in the way")

    with pytest.raises(StorageError, match="lock session 's'"):
        ask(agent)

    stats = agent.get_stats()
    assert (stats["requests_total"], stats["requests_failed"]) == (2, 1)
    assert stats["errors"] == {"StorageError": 1}
    assert heard == ["StorageError"]
    (tmp_path / "data" / "leases").unlink()
    assert ask(agent) == "orders"
