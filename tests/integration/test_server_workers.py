"""Several workers on one address: one agent to those who ask it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

import httpx
import psutil
import pytest

_TESTS = Path(__file__).parents[1]
_WORKER = re.compile(r'mdsa_turns_total\{outcome="success",worker="(\d+)"\} (\S+)')

_REQUESTS = "/dashboard/api/requests"

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


def say(http: httpx.Client, session: str) -> httpx.Response:
    return http.post("/chat", json={"message": "an order", "session_id": session})


@contextmanager
def a_client_of_each(url: str, workers: Iterable[str]) -> Iterator[dict[str, httpx.Client]]:
    """Clients that stay connected to one worker each."""
    with ExitStack() as stack:
        found: dict[str, httpx.Client] = {}

        def connect() -> dict[str, httpx.Client]:
            # Each connection goes to whichever worker takes it first.
            http = stack.enter_context(httpx.Client(base_url=url, timeout=60))
            stream = http.get("/health").extensions["network_stream"]
            _, port = stream.get_extra_info("client_addr")
            for worker in workers:
                held = psutil.Process(int(worker)).net_connections()
                if any(one.raddr and one.raddr.port == port for one in held):
                    found.setdefault(worker, http)
            return found

        yield until(connect, lambda found: len(found) == 2)


def first_events(http: httpx.Client, count: int) -> list[str]:
    """Ids of the first requests that the dashboard's stream tells of."""
    seen: list[str] = []
    end = time.monotonic() + 60
    with http.stream("GET", "/dashboard/api/live") as answer:
        for line in answer.iter_lines():
            if line.startswith('data: {"first"'):
                told = json.loads(line.removeprefix("data: "))
                seen += [one["request_id"] for one in told["requests"]]
            if len(seen) >= count or time.monotonic() > end:
                break
    return seen


def test_all_workers_answer_in_one_session_and_one_that_dies_is_replaced(
    served: tuple[subprocess.Popen[str], str],
):
    parent, url = served
    first = until(lambda: turns(url), lambda found: len(found) == 2)
    with a_client_of_each(url, first) as clients:
        (victim, one), (_, other) = clients.items()
        ids = [say(http, "s").json()["request_id"] for http in (one, one, other)]
        assert other.get("/sessions/s").json()["turns"] == 3

        # A turn in one worker shows in both.
        for http in (one, other):
            assert set(first_events(http, 3)) == set(ids)
            stats = http.get("/stats").json()
            assert (stats["workers"], stats["requests_total"]) == (2, 3)
            assert stats["domain_stats"] == {"orders": 3, "billing": 0, "weather": 0}
            assert stats["message_bus"]["messages_by_topic"]["request.completed"] == 3
            summary = http.get("/dashboard/api/summary").json()
            assert (summary["workers"], summary["nodes"]["gate"]["count"]) == (2, 3)
            assert set(ids) == {told["request_id"] for told in http.get(_REQUESTS).json()}
        # It dies while the parent waits for it to say that it lives, which is asked twice a second.
        os.kill(int(victim), signal.SIGSTOP)
        time.sleep(1)
        os.kill(int(victim), signal.SIGKILL)

    second = until(lambda: turns(url), lambda found: len(found) == 2 and victim not in found)
    assert second.keys() & first.keys()
    with httpx.Client(base_url=url, timeout=60) as http:
        assert say(http, "s").json()["session_id"] == "s"
    assert parent.poll() is None


def test_sigterm_ends_all_workers(served: tuple[subprocess.Popen[str], str]):
    parent, url = served
    workers = until(lambda: turns(url), lambda found: len(found) == 2)
    parent.send_signal(signal.SIGTERM)
    assert parent.wait(60) == 0
    for worker in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(int(worker), 0)
