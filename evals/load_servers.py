"""Servers under load, each in a process of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from mdsa.errors import MdsaError

__all__ = ["Server", "bare", "mdsa"]

_START_S = 300.0


class Server:
    """A server that answers."""

    def __init__(self, name: str, url: str, ready_s: float) -> None:
        self.name = name
        self.url = url
        self.ready_s = ready_s
        """From the start of its process until it was ready."""

    def metrics(self) -> str:
        """Its figures so far, as Prometheus reads them."""
        return httpx.get(f"{self.url}/metrics", timeout=60).text


@contextmanager
def mdsa(folder: Path, workers: int, variables: Mapping[str, str]) -> Iterator[Server]:
    """Run `mdsa serve` over the demo's agent, with the embedded reader."""
    command = [sys.executable, "-m", "mdsa", "serve", "--port", "0", "--json"]
    if workers > 1:
        command += ["--workers", str(workers)]
    places = {
        "MDSA_DATA_DIR": str(folder / "data"),
        "MDSA_CHROMA_PERSIST_DIR": str(folder / "knowledge"),
    }
    began = time.monotonic()
    with _process(command, {**places, **variables}, folder / "mdsa.log") as process:
        told = process.stdout.readline() if process.stdout else ""
        try:
            url = json.loads(told)["url"]
        except (ValueError, KeyError) as error:
            raise _failed("mdsa serve", folder / "mdsa.log") from error
        # Whichever worker is free answers, so that one that starts still is seldom asked.
        _wait(process, url, folder / "mdsa.log", times=1 if workers == 1 else 20 * workers)
        yield Server(
            "MDSA" if workers == 1 else f"MDSA, {workers} workers", url, time.monotonic() - began
        )


@contextmanager
def bare(folder: Path, *, on_disk: bool) -> Iterator[Server]:
    """Run the yardstick; see `mdsa.evals.load_bare_app`."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "mdsa.evals.load_bare_app:make_app", "--factory"]
    command += ["--port", str(port), "--log-level", "warning", "--no-access-log"]
    variables = {"LOAD_BARE_DB": str(folder / "bare.db") if on_disk else ""}
    name = f"bare, {'SQLite' if on_disk else 'in memory'}"
    began = time.monotonic()
    with _process(command, variables, folder / "bare.log") as process:
        url = f"http://127.0.0.1:{port}"
        _wait(process, url, folder / "bare.log")
        yield Server(name, url, time.monotonic() - began)


@contextmanager
def _process(
    command: list[str], variables: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[str]]:
    with (
        log.open("w", encoding="utf-8") as errors,
        subprocess.Popen(  # noqa: S603 - ours
            command,
            env={**os.environ, **variables},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait(process: subprocess.Popen[str], url: str, log: Path, times: int = 1) -> None:
    """Wait until the server was ready so many times on end."""
    end = time.monotonic() + _START_S
    in_a_row = 0
    while time.monotonic() < end and process.poll() is None:
        try:
            ready = httpx.get(f"{url}/ready", timeout=60).is_success
        except httpx.TransportError:
            ready = False
        in_a_row = in_a_row + 1 if ready else 0
        if in_a_row == times:
            return
        time.sleep(0.1)
    raise _failed(url, log)


def _failed(what: str, log: Path) -> MdsaError:
    said = log.read_text(encoding="utf-8")[-2000:]
    return MdsaError(f"{what} did not start within {_START_S:g} s; it said: {said}")
