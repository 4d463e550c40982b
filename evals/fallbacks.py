"""How fast a turn is answered when its model fails, before and after the circuit breaker opens.

    python -m mdsa.evals.fallbacks [--turns 40]

The example shop asks `ollama://` models of a server that fails in one way after the other, through
the real client: it is down, hangs, is out of memory, is busy, cuts its stream, writes nothing, or
writes one phrase over and over. The embedded reader answers instead. What counts is the time until
the first token of the answer, and until the whole of it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from mdsa.core.orchestrator import TinyBERTOrchestrator
from mdsa.domains.app_file import demo_app_path
from mdsa.evals.failing_server import FAILURES, Failure, serve_failing
from mdsa.settings import Settings

__all__ = ["FallbackTiming", "measure"]

_MODEL = "ollama://llama3:8b"
_FALLBACK = "embedded://reader"
_TARGET_MS = 200.0
_FIRST_TOKEN_S = 1.0
"""Short, so that a server that hangs is measured in seconds and not in minutes."""

_QUESTIONS = (
    "How long do I have to send back a jacket that doesn't fit?",
    "How do I pair the headlamp with my phone?",
    "What does shipping to Canada cost?",
    "Can I swim with the Trailhead watch on?",
    "How long do refunds take?",
)


@dataclass(frozen=True, slots=True)
class FallbackTiming:
    """What one way of failing costs.

    Attributes:
        failure: the way.
        turns: with the breaker open.
        closed_ms: median of the whole turns before, when the model was still asked.
        first_token_ms: median time to the first token, with the breaker open.
        first_token_max_ms: the longest of them.
        first_token_cpu_ms: median processor time until then, which a busy machine stretches less.
        whole_p95_ms: 95th percentile of whole turns.
        answered: turns that were answered, by the reader, and marked as degraded.
        kinds: reasons that the results gave, and how often.
    """

    failure: Failure
    turns: int
    closed_ms: float
    first_token_ms: float
    first_token_max_ms: float
    first_token_cpu_ms: float
    whole_p95_ms: float
    answered: int
    kinds: dict[str, int]


def measure(failures: Sequence[Failure], turns: int) -> list[FallbackTiming]:
    """Measure each way of failing on an agent of its own.

    Args:
        failures: ways.
        turns: questions with the breaker open, for each.
    """
    return [_measure(failure, turns) for failure in failures]


def _measure(failure: Failure, turns: int) -> FallbackTiming:
    with (
        TemporaryDirectory() as folder,
        serve_failing(failure) as url,
        _agent(folder, url) as agent,
    ):
        agent.models.get(_FALLBACK).invoke("ready?")  # loads the encoder, once
        kinds: dict[str, int] = {}
        closed = [_ask(agent, index, kinds) for index in range(agent.settings.breaker_failures)]
        timings = [_ask(agent, index, kinds) for index in range(turns)]
    firsts = [timing.first_token_ms for timing in timings]
    wholes = [timing.whole_ms for timing in timings]
    return FallbackTiming(
        failure=failure,
        turns=turns,
        closed_ms=median(turn.whole_ms for turn in closed),
        first_token_ms=median(firsts),
        first_token_max_ms=max(firsts),
        first_token_cpu_ms=median(timing.first_token_cpu_ms for timing in timings),
        whole_p95_ms=quantiles(wholes, n=20)[-1] if len(wholes) > 1 else wholes[0],
        answered=sum(timing.answered for timing in timings),
        kinds=kinds,
    )


@dataclass(frozen=True, slots=True)
class _Turn:
    first_token_ms: float
    first_token_cpu_ms: float
    whole_ms: float
    answered: bool


def _ask(agent: TinyBERTOrchestrator, index: int, kinds: dict[str, int]) -> _Turn:
    """Time a question; the tokens of a model that failed on the way do not count."""
    began, cpu_began = time.perf_counter(), time.process_time()
    first: tuple[float, float] | None = None
    result: dict[str, Any] = {}
    for event in agent.stream_request(_QUESTIONS[index % len(_QUESTIONS)]):
        if event["type"] == "restart":
            first = None
        elif event["type"] == "token" and first is None:
            first = time.perf_counter(), time.process_time()
        elif event["type"] == "final":
            result = event["result"]
    ended, cpu_ended = time.perf_counter(), time.process_time()
    told, cpu_told = first or (ended, cpu_ended)
    for failed in result["failures"]:
        kinds[failed["reason"]] = kinds.get(failed["reason"], 0) + 1
    return _Turn(
        first_token_ms=(told - began) * 1000,
        first_token_cpu_ms=(cpu_told - cpu_began) * 1000,
        whole_ms=(ended - began) * 1000,
        answered=bool(result["response"])
        and result["models"] == [_FALLBACK]
        and result["degraded"],
    )


@contextmanager
def _agent(folder: str, url: str) -> Iterator[TinyBERTOrchestrator]:
    """The example shop with a model that fails."""
    demo = demo_app_path()
    app = yaml.safe_load(demo.read_text(encoding="utf-8"))
    app |= {
        "model": _MODEL,
        "domains": [str(demo.parent / name) for name in app["domains"]],
        "knowledge": {"global": [str(demo.parent / name) for name in app["knowledge"]["global"]]},
    }
    path = Path(folder) / "mdsa.yaml"
    path.write_text(yaml.safe_dump(app), encoding="utf-8")
    settings = Settings(
        data_dir=Path(folder) / "data",
        ollama_base_url=url,
        first_token_timeout_s=_FIRST_TOKEN_S,
        breaker_recovery_s=3600,
    )
    with TinyBERTOrchestrator.from_app(path, settings=settings) as agent:
        yield agent


def _table(timings: Sequence[FallbackTiming]) -> str:
    lines = [
        "| the server | model asked, whole turn (ms) | breaker open, first token: median, max, CPU "
        "| breaker open, whole turn: p95 (ms) | answered | reasons |",
        "|---|---|---|---|---|---|",
    ]
    for timing in timings:
        reasons = ", ".join(f"{kind} {count}" for kind, count in timing.kinds.items())
        lines.append(
            f"| {timing.failure} | {timing.closed_ms:.0f} | {timing.first_token_ms:.0f} / "
            f"{timing.first_token_max_ms:.0f} / {timing.first_token_cpu_ms:.0f} | "
            f"{timing.whole_p95_ms:.0f} | {timing.answered}/{timing.turns} | {reasons} |"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where a turn was not answered or the target was missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=40, help="turns with the breaker open")
    parser.add_argument("--failure", choices=FAILURES, action="append", help="all, without it")
    parser.add_argument("--json", action="store_true", help="write JSON")
    given = parser.parse_args(arguments)
    timings = measure(given.failure or FAILURES, given.turns)
    if given.json:
        sys.stdout.write(json.dumps([asdict(timing) for timing in timings]) + "\n")
    else:
        sys.stdout.write(_table(timings) + "\n")
    fine = all(
        timing.answered == timing.turns and timing.first_token_ms <= _TARGET_MS
        for timing in timings
    )
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
