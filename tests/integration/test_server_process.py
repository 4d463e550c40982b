"""The server as people run it: over sockets, with clients that hang up and signals that end it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from fakes.command_line import run_command
from fakes.live_server import live_server
from fakes.web_agents import Clerk, until, web_agent

_TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize("path", ["/chat", "/chat/stream"])
async def test_a_client_that_hangs_up_ends_its_turn(tmp_path: Path, path: str):
    clerk = Clerk()
    # Nothing but the client may end the turn.
    patient = web_agent(tmp_path, clerk, first_token_timeout_s=1000, request_timeout_s=2000)
    with live_server(patient) as url:
        async with httpx.AsyncClient(base_url=url, timeout=60) as http:
            asking = asyncio.create_task(http.post(path, json={"message": "hold order"}))
            await clerk.holds()
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

            await until(lambda: clerk.cancelled == 1)
            answer = await http.post("/chat", json={"message": "an order"})
            assert answer.status_code == 200


async def test_tokens_come_while_the_turn_goes_on_and_silence_is_filled(tmp_path: Path):
    clerk = Clerk()
    with live_server(web_agent(tmp_path, clerk), ping_s=0.05) as url:
        async with (
            httpx.AsyncClient(base_url=url, timeout=60) as http,
            http.stream("POST", "/chat/stream", json={"message": "hold order"}) as answer,
        ):
            lines = answer.aiter_lines()
            seen = [line async for line in _until(lines, ": ping")]
            assert "event: route" in seen
            assert "event: token" not in seen

            clerk.release()
            rest = [line async for line in lines]
            assert "event: token" in rest
            assert "event: final" in rest


async def _until(lines: AsyncIterator[str], last: str) -> AsyncIterator[str]:
    async for line in lines:
        yield line
        if line == last:
            return


@contextmanager
def _serving(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    started = subprocess.Popen(
        [sys.executable, str(_TESTS / "fakes" / "server_process.py"), str(folder), "0"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(_TESTS)},
    )
    assert started.stdout is not None
    yield started, started.stdout.readline().strip()
    started.kill()
    started.communicate()


@pytest.fixture
def process(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with _serving(tmp_path) as started:
        yield started


def _poll(url: str, words: str) -> None:
    """Ask until the answer holds the words."""
    end = time.monotonic() + 30
    while words not in httpx.get(url, timeout=30).text:
        assert time.monotonic() < end
        time.sleep(0.05)


async def test_sigterm_lets_turns_end_refuses_new_ones_and_then_ends(
    process: tuple[subprocess.Popen[str], str], tmp_path: Path
):
    server, url = process
    async with httpx.AsyncClient(base_url=url, timeout=60) as http:
        running = asyncio.create_task(http.post("/chat", json={"message": "hold order"}))
        await asyncio.to_thread(_poll, f"{url}/metrics", "mdsa_turns_running 1.0")

        server.send_signal(signal.SIGTERM)
        await asyncio.to_thread(_poll, f"{url}/ready", "draining")
        refused = await http.post("/chat", json={"message": "an order"})
        assert (refused.status_code, "retry-after" in refused.headers) == (503, True)

        (tmp_path / "go").touch()
        assert (await running).status_code == 200
    assert await asyncio.to_thread(server.wait, 30) == 0


async def test_a_turn_that_a_kill_cuts_off_is_resumed_by_the_next_process(
    process: tuple[subprocess.Popen[str], str], tmp_path: Path
):
    server, url = process
    mine = {"message": "hold order", "session_id": "s-1"}
    async with httpx.AsyncClient(timeout=60) as http:
        running = asyncio.create_task(http.post(f"{url}/chat", json=mine))
        await asyncio.to_thread(_poll, f"{url}/metrics", "mdsa_turns_running 1.0")
        # By then the message is stored: its routing was.
        await asyncio.to_thread(_poll, f"{url}/metrics", 'node="gate",outcome="ok"} 1.0')
        server.kill()
        await asyncio.gather(running, return_exceptions=True)
        assert isinstance(running.exception(), httpx.HTTPError)

        (tmp_path / "go").touch()
        with _serving(tmp_path) as (_, again):
            resumed = await http.post(f"{again}/sessions/s-1/resume", json={})
            assert resumed.status_code == 200
            assert resumed.json()["response"] == "answer to hold order, after 0 others"
            shown = (await http.get(f"{again}/sessions/s-1")).json()
            assert [item["role"] for item in shown["messages"]] == ["user", "assistant"]


def test_a_port_that_is_taken_is_told_in_a_line():
    mdsa = [sys.executable, "-m", "mdsa", "serve", "--port"]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = subprocess.run([*mdsa, str(port)], capture_output=True, text=True, check=False)

    assert answer.returncode == 2
    assert answer.stderr.startswith(f"error: cannot listen on 127.0.0.1 port {port}")
    assert answer.stderr.count("\n") == 1


def test_without_a_key_other_machines_are_not_served():
    answer = subprocess.run(
        [sys.executable, "-m", "mdsa", "serve", "--host", "192.0.2.1", "--port", "0"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == 2
    assert "mdsa keys create OWNER" in answer.stderr


def test_what_is_wrong_in_an_app_file_is_said_before_anything_listens(tmp_path: Path):
    broken = tmp_path / "mdsa.yaml"
    broken.write_text("name: Shop\nmodell: embedded://reader\n", encoding="utf-8")

    answer = run_command("serve", "--app", broken, "--port", "0", "--data-dir", tmp_path)

    assert answer.exit_code == 2
    assert "modell" in answer.stderr
    assert "Serving" not in answer.stderr
