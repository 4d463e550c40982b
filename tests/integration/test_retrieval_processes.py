"""Several processes on one store, and stores that cannot be used."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding

from mdsa.errors import StorageError
from mdsa.retrieval.knowledge_base import KnowledgeBase

PROGRAM = Path(__file__).parents[1] / "fakes" / "knowledge_process.py"


class Other:
    """The other process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def ask(self, command: str) -> Any:
        self.send(command)
        return self.receive()

    def send(self, command: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def receive(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())


@contextmanager
def other_process(directory: Path) -> Iterator[Other]:
    with subprocess.Popen(
        [sys.executable, str(PROGRAM), str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Other(process)
        finally:
            process.kill()


def knowledge(directory: Path, **options: Any) -> KnowledgeBase:
    return KnowledgeBase(directory, DeterministicFakeEmbedding(size=8), **options)


def test_a_writer_that_waited_too_long_is_told_for_which_process(tmp_path: Path):
    with other_process(tmp_path) as other, knowledge(tmp_path, write_wait_s=0.05) as base:
        assert other.ask("add theirs") == 1
        assert other.ask("hold") == "held"
        with pytest.raises(StorageError, match=rf"process {other.process.pid} \("):
            base.add([{"content": "ours"}])
        with pytest.raises(StorageError, match=r"0\.05 s.*stop it"):
            base.delete(ids=[document.id for document in base.documents()])
        assert [d.page_content for d in base.search("x")] == ["theirs"]
        assert base.add([{"content": "theirs"}]).unchanged == 1
        assert other.ask("release") == "released"
        assert base.add([{"content": "ours"}]).added == 1
        assert other.ask("search x") == ["ours", "theirs"]


def test_a_writer_waits_for_another_to_finish(tmp_path: Path):
    with other_process(tmp_path) as other, knowledge(tmp_path) as base:
        assert other.ask("hold") == "held"
        with ThreadPoolExecutor(1) as pool:
            ours = pool.submit(base.add, [{"content": "ours"}])
            assert not wait([ours], timeout=0.1).done
            other.ask("release")
            assert ours.result().added == 1


def test_open_stores_take_turns_to_write(tmp_path: Path):
    with (
        other_process(tmp_path) as one,
        other_process(tmp_path) as two,
        other_process(tmp_path) as reader,
    ):
        for number in range(20):
            assert one.ask(f"add one line one{number}") == 1
            assert two.ask(f"add two line two{number}") == 1
        for tag in ("one", "two"):
            assert set(reader.ask(f"found {tag}").values()) == {20}
        assert (one.ask("put replaced"), two.ask("put replacing")) == (0, 1)
        assert "replacing" in reader.ask("search x")


def test_processes_that_start_and_write_at_once_lose_nothing(tmp_path: Path):
    with (
        other_process(tmp_path) as one,
        other_process(tmp_path) as two,
        other_process(tmp_path) as reader,
    ):
        one.send("lines one 20")
        two.send("lines two 20")
        reader.send("count")
        assert (one.receive(), two.receive()) == (20, 20)
        assert isinstance(reader.receive(), int)
        for tag in ("one", "two"):
            assert set(reader.ask(f"found {tag}").values()) == {20}


def test_processes_that_store_the_same_at_once_store_it_once(tmp_path: Path):
    with other_process(tmp_path) as one, other_process(tmp_path) as two:
        one.send("lines same 20")
        two.send("lines same 20")
        assert one.receive() + two.receive() == 20
        assert one.ask("count") == two.ask("count") == 20


def test_a_killed_writer_frees_the_store(tmp_path: Path):
    with other_process(tmp_path) as other, knowledge(tmp_path) as base:
        other.ask("add theirs")
        other.process.kill()
        other.process.wait()
        base.add([{"content": "ours"}])
        assert base.count() == 2


def test_a_reader_sees_what_another_process_writes(tmp_path: Path):
    with other_process(tmp_path) as other, knowledge(tmp_path) as base:
        assert base.search("x") == []
        for number, text in enumerate(["one", "two", "three"], start=1):
            other.ask(f"add {text}")
            assert len(base.search("x")) == number
            assert text in [d.page_content for d in base.search(text, mode="bm25")]


def test_a_reader_does_not_keep_the_vector_of_a_replaced_text(tmp_path: Path):
    with other_process(tmp_path) as other, knowledge(tmp_path) as base:
        for text in ("first text", "second text", "third text"):
            other.ask(f"put {text}")
            (found,) = base.search(text, mode="dense")
            assert found.page_content == text
            assert found.metadata["similarity"] == pytest.approx(1, abs=1e-5)


def test_a_vector_store_sees_what_another_process_writes_and_does_not_hold_the_files(
    tmp_path: Path,
):
    with other_process(tmp_path) as other, knowledge(tmp_path) as base:
        base.add([{"content": "ours"}])
        view = base.vector_store(None)
        base.close()
        for number, text in enumerate(["one", "two"], start=2):
            assert other.ask(f"add {text}") == 1
            found = [d.page_content for d in view.similarity_search(text, k=number)]
            assert found[0] == text
            assert len(found) == number


def test_a_disk_that_fills_up_loses_nothing_of_before(tmp_path: Path):
    with other_process(tmp_path) as other:
        assert other.ask("add before") == 1
        size = (tmp_path / "chroma.sqlite3").stat().st_size
        other.ask(f"limit {size + 100_000}")
        answer = other.ask("fill 400")
        assert answer["error"] == "StorageError"
        assert "disk" in answer["message"]
    with knowledge(tmp_path) as base:
        assert "before" in [d.page_content for d in base.documents()]
        base.add([{"content": "zebra"}])
        assert [d.page_content for d in base.search("zebra", mode="bm25")] == ["zebra"]


def test_a_file_in_place_of_the_folder_is_explained(tmp_path: Path):
    path = tmp_path / "file"
    path.write_text("x")
    base = knowledge(path)
    for use in (lambda: base.add([{"content": "x"}]), lambda: base.search("x"), base.domains):
        with pytest.raises(StorageError, match=r"file.*folder"):
            use()
    assert path.read_text() == "x"


def test_a_folder_that_cannot_be_made_is_explained(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    base = knowledge(tmp_path / "file" / "store")
    assert base.search("x") == []
    with pytest.raises(StorageError, match="can be written"):
        base.add([{"content": "x"}])


def test_a_damaged_database_is_explained_and_left_alone(tmp_path: Path):
    damaged = b"garbage" * 1000
    (tmp_path / "chroma.sqlite3").write_bytes(damaged)
    base = knowledge(tmp_path)
    for use in (lambda: base.add([{"content": "x"}]), lambda: base.search("x"), base.stats):
        with pytest.raises(StorageError, match="damaged"):
            use()
    assert (tmp_path / "chroma.sqlite3").read_bytes() == damaged
    base.close()
