"""Several workers on one address: one agent to those who ask it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

_TESTS = Path(__file__).parents[1]
_WORKER = re.compile(r'mdsa_turns_total\{outcome="success",worker="(\d+)"\} (\S+)')

T = TypeVar("T")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    started = subprocess.Popen(
        [sys.executable, str(_TESTS / "fakes" / "workers_process.py"), str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(_TESTS)},
    )
    assert started.stdout is not None
    yield started, started.stdout.readline().strip()
    started.send_signal(signal.SIGTERM)
    try:
        started.communicate(timeout=60)
    finally:
        started.kill()


def until(found: Callable[[], T], good: Callable[[T], bool]) -> T:
    end = time.monotonic() + 90
    while not good(value := found()):
        assert time.monotonic() < end, value
        time.sleep(0.1)
    return value


def turns(url: str) -> dict[str, float]:
    """Turns by worker."""
    try:
        text = httpx.get(f"{url}/metrics", timeout=60).text
    except httpx.TransportError:  # the one that took the connection was killed
        return {}
    return {worker: float(count) for worker, count in _WORKER.findall(text)}


def say(url: str, session: str) -> httpx.Response:
    body = {"message": "an order", "session_id": session}
    return httpx.post(f"{url}/chat", json=body, timeout=60)


def test_all_workers_answer_in_one_session_and_one_that_dies_is_replaced(
    served: tuple[subprocess.Popen[str], str],
):
    parent, url = served
    first = until(lambda: turns(url), lambda found: len(found) == 2)
    # Each connection goes to whichever worker takes it first.
    asked = 0

    def ask() -> dict[str, float]:
        nonlocal asked
        assert say(url, "s").status_code == 200
        asked += 1
        return turns(url)

    until(ask, lambda found: len(found) == 2 and all(found.values()))
    assert httpx.get(f"{url}/sessions/s").json()["turns"] == asked

    victim = next(iter(first))
    os.kill(int(victim), signal.SIGKILL)
    second = until(lambda: turns(url), lambda found: len(found) == 2 and victim not in found)
    assert second.keys() & first.keys()
    assert say(url, "s").json()["session_id"] == "s"
    assert parent.poll() is None


def test_sigterm_ends_all_workers(served: tuple[subprocess.Popen[str], str]):
    parent, url = served
    workers = until(lambda: turns(url), lambda found: len(found) == 2)
    parent.send_signal(signal.SIGTERM)
    assert parent.wait(60) == 0
    for worker in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(int(worker), 0)
