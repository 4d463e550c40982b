"""Load on the server, beside a bare FastAPI and LangGraph app in the same run.

    python -m mdsa.evals.load [--clients 1 8 32 128] [--seconds 20] [--rounds 1] [--json]

Needs Locust (`pip install locust`, best in an environment of its own: it brings a plugin for
pytest along). Clients, servers and whatever else runs share the machine's cores: compare apps and
variants within one run only. After the phases, `--rounds` times, the number of clients that got the
most answers asks again, and ten times what was answered is offered; each round compares the two.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from mdsa.errors import ConfigError, MdsaError
from mdsa.evals import load_servers
from mdsa.evals.load_figures import Phase, Sample, lag_between, lag_counts, phase_of
from mdsa.evals.load_goodput import Goodput, goodput_of
from mdsa.evals.load_table import table
from mdsa.server.loop_lag import BUSY_METRIC, LAG_METRIC

_RAMP_S = 3.0
_PAUSE_S = 1.0
_OVERLOAD = 10
_DEADLINE_S = 60.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 32, 128])
    parser.add_argument("--seconds", type=float, default=20.0, help="of each phase")
    parser.add_argument("--rounds", type=int, default=1, help="at the peak and at ten times it")
    parser.add_argument("--workers", type=int, default=1, help="of mdsa serve")
    parser.add_argument("--apps", nargs="+", default=["mdsa", "sqlite", "memory"])
    parser.add_argument("--streamed", type=int, default=20, help="turns streamed by one client")
    parser.add_argument("--locust", default=shutil.which("locust"), help="Locust's command")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="variable for mdsa serve"
    )
    parser.add_argument("--json", action="store_true", help="write JSON")
    given = parser.parse_args(arguments)
    try:
        phases, goodput, streaming = _measure(given)
    except MdsaError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    if given.json:
        found = {
            "phases": [asdict(phase) for phase in phases],
            "goodput": None if goodput is None else asdict(goodput),
            "streaming": streaming,
        }
        sys.stdout.write(json.dumps(found) + "\n")
    else:
        sys.stdout.write(table(phases, goodput, streaming) + "\n")
    return 0


def _measure(
    given: argparse.Namespace,
) -> tuple[list[Phase], Goodput | None, dict[str, Any] | None]:
    if given.locust is None:
        raise ConfigError("locust is not on the PATH; `pip install locust`, or name it: --locust.")
    if given.rounds < 1:
        raise ConfigError(f"--rounds is {given.rounds}; give 1 or more.")
    variables = dict(one.split("=", 1) for one in given.set)
    phases: list[Phase] = []
    goodput = streaming = None
    for app in given.apps:
        with TemporaryDirectory() as name, _server(app, Path(name), given, variables) as server:
            if app == "mdsa" and given.streamed:
                streaming = _stream(server, given.streamed)
            measured = [
                _phase(given, server, clients, Path(name), pause_s=0.0) for clients in given.clients
            ]
            phases += measured
            if app == "mdsa":
                rounds = _rounds(given, server, measured, Path(name))
                phases += [phase for both in rounds for phase in both]
                goodput = goodput_of(rounds)
    return phases, goodput, streaming


def _rounds(
    given: argparse.Namespace, server: load_servers.Server, measured: list[Phase], folder: Path
) -> list[tuple[Phase, Phase]]:
    """Measure the peak and the overload side by side, each first in every other round."""
    best = max(measured, key=lambda phase: phase.throughput)
    # Those who wait in the queue send nothing meanwhile, so there are more of them.
    crowd = round(_OVERLOAD * best.throughput * _PAUSE_S) + 72
    rounds = []
    for number in range(given.rounds):
        found = {
            clients: _phase(given, server, clients, folder, pause_s=pause_s)
            for clients, pause_s in ((best.clients, 0.0), (crowd, _PAUSE_S))[:: (-1) ** number]
        }
        rounds.append((found[best.clients], found[crowd]))
    return rounds


def _server(
    app: str, folder: Path, given: argparse.Namespace, variables: dict[str, str]
) -> AbstractContextManager[load_servers.Server]:
    if app == "mdsa":
        return load_servers.mdsa(folder, given.workers, variables)
    return load_servers.bare(folder, on_disk=app == "sqlite")


def _phase(
    given: argparse.Namespace,
    server: load_servers.Server,
    clients: int,
    folder: Path,
    *,
    pause_s: float,
) -> Phase:
    sys.stderr.write(f"{server.name}: {clients} clients\n")
    samples = folder / "samples.json"
    samples.unlink(missing_ok=True)
    before = server.metrics()
    command = [
        *(given.locust, "-f", str(Path(__file__).with_name("load_users.py")), "--headless"),
        *("--only-summary", "--host", server.url, "-u", str(clients), "-r", str(clients)),
        *("--run-time", f"{given.seconds + _RAMP_S:g}s", "--stop-timeout", "0"),
    ]
    done = subprocess.run(  # noqa: S603 - the caller's own command
        command,
        env={
            **os.environ,
            "LOAD_SAMPLES": str(samples),
            "LOAD_PAUSE_S": str(pause_s),
            "LOAD_DEADLINE_S": str(_DEADLINE_S),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if not samples.exists():
        raise MdsaError(f"locust failed: {done.stderr[-2000:]}")
    found: list[Sample] = [tuple(one) for one in json.loads(samples.read_text(encoding="utf-8"))]
    after = server.metrics()
    lag, busy = (
        lag_between(lag_counts(before, name), lag_counts(after, name))
        for name in (LAG_METRIC, BUSY_METRIC)
    )
    _settle(server)
    return phase_of(server.name, clients, found, lag, busy, skip_s=_RAMP_S, seconds=given.seconds)


def _settle(server: load_servers.Server) -> None:
    """Wait until what the last clients left behind is done: one turn goes through again."""
    for _ in range(100):
        if httpx.post(f"{server.url}/chat", json={"message": "Hello"}, timeout=120).is_success:
            return
        time.sleep(0.5)
    raise MdsaError("the server refuses turns long after the load is gone.")


def _stream(server: load_servers.Server, turns: int) -> dict[str, Any]:
    """Time the first token of streamed turns, and their ends."""
    first_turn_ms, _ = _streamed(server, "How long does a refund take?")
    times = [
        _streamed(server, f"How much is express shipping of {number + 2} parcels to Ohio?")
        for number in range(turns)
    ]
    return {
        "turns": turns,
        "first_turn_ms": first_turn_ms,
        "ready_s": server.ready_s,
        "total_ms": median(total for total, _ in times),
        "first_token_ms": median(first for _, first in times),
    }


def _streamed(server: load_servers.Server, message: str) -> tuple[float, float]:
    began = time.perf_counter()
    first = None
    body = {"message": message}
    with httpx.stream("POST", f"{server.url}/chat/stream", json=body, timeout=120) as answer:
        for line in answer.iter_lines():
            if first is None and line == "event: token":
                first = time.perf_counter()
    end = time.perf_counter()
    return (end - began) * 1000, ((first or end) - began) * 1000


if __name__ == "__main__":
    sys.exit(main())
