"""Killed and concurrent processes lose no acknowledged turn."""

import sqlite3
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from mdsa.errors import SessionBusyError
from mdsa.sessions import open_session_store

WRITER = Path(__file__).parents[1] / "fakes" / "session_writer.py"


@contextmanager
def writer(data_dir, *options):
    """A writing process, ready to start; killed with SIGKILL at the end if it still runs."""
    process = subprocess.Popen(
        [sys.executable, str(WRITER), str(data_dir), "s1", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def start(process):
    process.stdin.write("go\n")
    process.stdin.flush()


def read_until(process, wanted):
    """Read up to the wanted line; returns the names acknowledged on the way."""
    acknowledged = []
    for line in process.stdout:
        kind, _, name = line.rstrip("\n").partition(" ")
        if kind == "ack":
            acknowledged.append(name)
        if line.rstrip("\n") == wanted:
            return acknowledged
    raise AssertionError(f"the writer ended without printing {wanted!r}")


async def transcript(data_dir):
    async with open_session_store(data_dir) as store:
        return [message["content"] for message in (await store.show("s1")).messages]


def assert_in_order(wanted, contents):
    rest = iter(contents)
    assert all(item in rest for item in wanted), f"{wanted} not in order in {contents}"


def assert_intact(data_dir):
    with sqlite3.connect(data_dir / "sessions.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


async def test_kill_in_mid_turn_loses_no_acknowledged_turn(tmp_path):
    acknowledged = []
    for first in (0, 3, 6):
        stall_at = f"turn {first + 3}"
        with writer(tmp_path, "--first", str(first), "--turns", "4", "--stall-at", stall_at) as p:
            start(p)
            acknowledged += read_until(p, f"stalled {stall_at}")
            p.kill()
        assert_intact(tmp_path)

    # The killed processes held the lease; a new one gets it and continues.
    with writer(tmp_path, "--first", "9", "--turns", "1") as p:
        start(p)
        acknowledged += read_until(p, "ack turn 9")
        assert p.wait(timeout=60) == 0

    assert acknowledged == [f"turn {n}" for n in range(10)]
    wanted = [part for name in acknowledged for part in (name, f"answer to {name}")]
    assert_in_order(wanted, await transcript(tmp_path))
    assert_intact(tmp_path)


async def test_kill_right_after_the_acknowledgement_keeps_the_turn(tmp_path):
    for number in range(4):
        # The kill lands in recording, in pruning or in the next turn, as it happens.
        with writer(tmp_path, "--first", str(number), "--turns", "1000") as p:
            start(p)
            read_until(p, f"ack turn {number}")
            p.kill()
    contents = await transcript(tmp_path)
    for number in range(4):
        assert_in_order([f"turn {number}", f"answer to turn {number}"], contents)
    assert_intact(tmp_path)


async def test_two_processes_on_one_session_lose_no_turn(tmp_path):
    turns = 12
    options = ("--turns", str(turns))
    with (
        writer(tmp_path, "--prefix", "a", *options) as a,
        writer(tmp_path, "--prefix", "b", *options) as b,
    ):
        start(a)
        start(b)
        acknowledged = [*read_until(a, f"ack a{turns - 1}"), *read_until(b, f"ack b{turns - 1}")]
        assert a.wait(timeout=60) == 0
        assert b.wait(timeout=60) == 0

    contents = await transcript(tmp_path)
    assert len(acknowledged) == 2 * turns
    assert len(contents) == 4 * turns
    for name in acknowledged:
        # One turn after the other: each question is followed by its own answer.
        assert contents[contents.index(name) + 1] == f"answer to {name}"
    async with open_session_store(tmp_path) as store:
        assert (await store.show("s1")).turns == 2 * turns


async def test_session_held_by_another_process_is_a_clear_conflict(tmp_path):
    with writer(tmp_path, "--turns", "1", "--stall-at", "turn 0") as p:
        start(p)
        read_until(p, "stalled turn 0")
        async with open_session_store(tmp_path, wait_s=0.05) as store:
            with pytest.raises(SessionBusyError, match="'s1' is busy"):
                async with store.hold("s1"):
                    raise AssertionError("two writers at once")
            async with store.hold("another session"):
                pass
            p.kill()
            p.wait()
            async with store.hold("s1", wait_s=5):
                pass
