"""What workers tell each other through files."""

import asyncio
import os
import threading
from pathlib import Path

import pytest
from fakes.web_agents import until

from mdsa.server.worker_files import WorkerFiles


def files(folder: Path) -> WorkerFiles:
    return WorkerFiles(folder, {"txt": lambda: b"mine", "bin": lambda: b"\0"}, every_s=0.01)


def test_what_the_other_running_workers_tell_is_read_and_nothing_else(tmp_path: Path):
    other, gone = os.getppid(), 2**22 + 1  # no process id of Linux is as high
    for name in (f"{other}.txt", f"{gone}.txt", f"{os.getpid()}.txt", f"{other}.bin", "x.txt"):
        (tmp_path / name).write_text(name)
    assert files(tmp_path).others("txt") == {str(other): f"{other}.txt".encode()}


async def test_a_worker_shares_until_it_ends(tmp_path: Path):
    folder = tmp_path / "workers"
    sharing = asyncio.create_task(files(folder).share())
    await until(lambda: len(list(folder.glob("*.[tb][xi][tn]"))) == 2)
    assert (folder / f"{os.getpid()}.txt").read_bytes() == b"mine"
    sharing.cancel()
    await asyncio.gather(sharing, return_exceptions=True)
    assert list(folder.iterdir()) == []


async def test_a_worker_that_ends_meanwhile_is_left_out(tmp_path: Path):
    # As when it is removed between being found and being read.
    (tmp_path / f"{os.getppid()}.txt").symlink_to(tmp_path / "gone")
    assert files(tmp_path).others("txt") == {}


async def test_a_file_that_cannot_be_read_is_empty_and_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    (tmp_path / f"{os.getppid()}.txt").mkdir()  # root may read any file, and nobody a folder
    mine = files(tmp_path)
    assert mine.others("txt") == mine.others("txt") == {str(os.getppid()): b""}
    (record,) = caplog.records
    assert str(tmp_path) in record.getMessage()


async def test_a_full_disk_is_logged_once_and_got_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    folder = tmp_path / "workers"
    folder.touch()  # nothing can be written below a file
    sharing = asyncio.create_task(files(folder).share())
    await until(lambda: bool(caplog.records))
    await asyncio.sleep(0.05)
    folder.unlink()
    await until(lambda: bool(list(folder.glob("*.txt"))))
    sharing.cancel()
    await asyncio.gather(sharing, return_exceptions=True)
    (record,) = caplog.records
    assert str(folder) in record.getMessage()


async def test_what_is_being_written_when_a_worker_ends_does_not_stay(tmp_path: Path):
    folder = tmp_path / "workers"
    begun, may_go_on = threading.Event(), threading.Event()

    def slow() -> bytes:
        begun.set()
        may_go_on.wait()
        return b"late"

    sharing = asyncio.create_task(WorkerFiles(folder, {"txt": slow}).share())
    await until(begun.is_set)
    sharing.cancel()
    await asyncio.sleep(0)
    may_go_on.set()
    await asyncio.gather(sharing, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_default_executor()  # waits for the thread
    assert list(folder.iterdir()) == []
