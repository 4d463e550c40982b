"""Many mixed requests over models in this process that do not fit into memory together.

    python -m mdsa.evals.soak [--requests 500] [--workers 8] [--model REFERENCE …] [--memory-gb GB]

Without `--model`, three tiny models are made on the spot. Requests are whole and streamed, sync and
async, the latter all on one event loop, and some streams are broken off. The memory budget is
smaller than the models' sum, so that they take turns. Reported are errors, loads and releases, and
how the process's memory grows.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, closing
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import psutil
from langchain_core.language_models import BaseChatModel

from mdsa.core.loop_thread import LoopThread
from mdsa.errors import ConfigError, MdsaError
from mdsa.evals.tiny_models import make_tiny_model
from mdsa.models import ModelRegistry
from mdsa.models.memory_budget import LoadEvent
from mdsa.settings import Settings

__all__ = ["SoakReport", "soak", "soak_tiny_models"]

_MEGABYTE = 1e6
_SHARE = 0.7
"""Of the models' sum, as the budget: two of three that are alike fit."""

_WARM_UP = 0.2
"""Share of the requests before memory is watched: allocators fill their pools first."""

_SAMPLES = 40
_GROWTH_SHARE = 0.25
_GROWTH_MB = 16.0
"""What allocators may keep, the larger of the two: a share of the models' sum, not of the process,
which may hold much else. A leak of one model's weights is more."""

_QUESTIONS = (
    "How long does shipping take?",
    "Can I send back shoes that I have worn outside?",
    "What does the red light on the hub mean, and how do I make it go away?",
)


@dataclass(frozen=True, slots=True)
class SoakReport:
    """What happened.

    Attributes:
        errors: by the type of the exception.
        models_mb: of all models, as estimated.
        limit_mb: what they may take together, of RAM and of the GPU's memory each.
        most_used_mb: the most that the budget held at any moment.
        rss_mb: memory of the process, in the order of the requests, after the warm-up.
        beside_mb: the same without what the budget held at the moment.
        growth_mb: median of the last third of `beside_mb`, less that of the first third.
    """

    requests: int
    kinds: dict[str, int]
    errors: dict[str, int]
    seconds: float
    loads: int
    releases: int
    models_mb: float
    limit_mb: float
    most_used_mb: float
    rss_mb: list[float]
    beside_mb: list[float]
    growth_mb: float

    @property
    def passed(self) -> bool:
        """No error, models took turns within the limit, and memory did not grow."""
        tolerated = max(_GROWTH_MB, _GROWTH_SHARE * self.models_mb)
        return (
            not self.errors
            and self.releases > 0
            and self.most_used_mb <= self.limit_mb
            and self.growth_mb <= tolerated
        )


def soak_tiny_models(requests: int, *, workers: int = 8, seed: int = 0) -> SoakReport:
    """Make three tiny models and soak them."""
    with TemporaryDirectory() as folder:
        names = [
            str(make_tiny_model(Path(folder) / f"tiny-{number}", seed=number))
            for number in range(3)
        ]
        references = [f"hf://{name}" for name in names]
        return soak(references, requests, workers=workers, seed=seed, max_tokens=8)


def soak(
    references: Sequence[str],
    requests: int,
    *,
    workers: int = 8,
    memory_gb: float | None = None,
    max_tokens: int = 32,
    seed: int = 0,
    open_registry: Callable[[Settings], ModelRegistry] = ModelRegistry,
) -> SoakReport:
    """Ask models in this process in turns.

    Args:
        references: of the models.
        requests: how many in all.
        workers: how many at a time.
        memory_gb: what the models may take together; None is 70 % of their sum.
        max_tokens: of each answer.
        seed: of the order of models, kinds and questions.
        open_registry: makes the registry that resolves the references.

    Raises:
        ConfigError: a model is not there, or does not tell how large it is.
    """
    sizes = _sizes(open_registry(Settings()), references)
    limit = memory_gb if memory_gb is not None else _SHARE * sum(sizes) / 1e9
    registry = open_registry(Settings(model_memory_gb=limit))
    watch = _Watch(registry)
    draw = random.Random(seed)
    kinds = [*_SYNC, *_ASYNC]
    plan = [(draw.choice(references), draw.choice(kinds)) for _ in range(requests)]
    done = Counter[str]()
    errors = Counter[str]()
    rss: list[float] = []
    beside: list[float] = []
    every = max(1, round(requests * (1 - _WARM_UP) / _SAMPLES))
    lock = threading.Lock()

    def request(index: int) -> None:
        reference, kind = plan[index]
        question = _QUESTIONS[index % len(_QUESTIONS)]
        try:
            model = registry.get(reference, max_tokens=max_tokens)
            if kind in _SYNC:
                _SYNC[kind](model, question)
            else:
                loop.call(partial(_ASYNC[kind], model, question))
        except Exception as error:  # noqa: BLE001 - counted and reported, whatever it is
            with lock:
                errors[type(error).__name__] += 1
                sys.stderr.write(f"request {index} to {reference}: {error!r}\n")
        with lock:
            done[kind] += 1
            if done.total() > _WARM_UP * requests and done.total() % every == 0:
                gc.collect()
                held = sum(memory["used_bytes"] for memory in registry.memory.stats().values())
                rss.append(psutil.Process().memory_info().rss / _MEGABYTE)
                beside.append(rss[-1] - held / _MEGABYTE)

    loop = LoopThread()
    began = time.perf_counter()
    with closing(loop), ThreadPoolExecutor(workers) as pool:
        list(pool.map(request, range(requests)))
    seconds = time.perf_counter() - began
    memories = registry.memory.stats().values()
    registry.close()
    third = max(1, len(rss) // 3)
    return SoakReport(
        requests=requests,
        kinds=dict(done),
        errors=dict(errors),
        seconds=seconds,
        loads=sum(memory["loads"] for memory in memories),
        releases=sum(memory["releases"] for memory in memories),
        models_mb=sum(sizes) / _MEGABYTE,
        limit_mb=limit * 1e9 / _MEGABYTE,
        most_used_mb=watch.most_used / _MEGABYTE,
        rss_mb=rss,
        beside_mb=beside,
        growth_mb=median(beside[-third:]) - median(beside[:third]),
    )


class _Watch:
    """Notes the most that a registry's models took together, of RAM or of the GPU's memory."""

    def __init__(self, registry: ModelRegistry) -> None:
        self.most_used = 0
        self._memory = registry.memory
        registry.subscribe(self._on_event)

    def _on_event(self, _: LoadEvent) -> None:
        for memory in self._memory.stats().values():
            self.most_used = max(self.most_used, memory["used_bytes"])


def _sizes(registry: ModelRegistry, references: Sequence[str]) -> list[int]:
    sizes = []
    for reference in references:
        status = registry.check(reference)
        if not status.available:
            raise ConfigError(f"{reference}: {status.detail}; {status.remedy}")
        if status.memory_bytes is None:
            raise ConfigError(f"{reference} does not tell its size; it must run in this process.")
        sizes.append(status.memory_bytes)
    return sizes


def _whole(model: BaseChatModel, question: str) -> None:
    model.invoke(question)


async def _awhole(model: BaseChatModel, question: str) -> None:
    await model.ainvoke(question)


def _streamed(model: BaseChatModel, question: str) -> None:
    for _ in model.stream(question):
        pass


async def _astreamed(model: BaseChatModel, question: str) -> None:
    async for _ in model.astream(question):
        pass


def _broken_off(model: BaseChatModel, question: str) -> None:
    pieces = model.stream(question)
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]  # a generator behind the Iterator type


async def _abroken_off(model: BaseChatModel, question: str) -> None:
    async with aclosing(model.astream(question)) as pieces:  # type: ignore[type-var]  # a generator
        await anext(pieces)


_SYNC: dict[str, Callable[[BaseChatModel, str], None]] = {
    "invoke": _whole,
    "stream": _streamed,
    "stream, broken off": _broken_off,
}
_ASYNC: dict[str, Callable[[BaseChatModel, str], Coroutine[Any, Any, None]]] = {
    "ainvoke": _awhole,
    "astream": _astreamed,
    "astream, broken off": _abroken_off,
}


def _told(report: SoakReport) -> str:
    errors = ", ".join(f"{name} {count}" for name, count in report.errors.items()) or "none"
    kinds = ", ".join(f"{name} {count}" for name, count in sorted(report.kinds.items()))
    return (
        f"{report.requests} requests in {report.seconds:.0f} s ({kinds})\n"
        f"errors: {errors}\n"
        f"models {report.models_mb:.0f} MB together, limit {report.limit_mb:.0f} MB, most in use "
        f"{report.most_used_mb:.0f} MB, {report.loads} loads, {report.releases} releases\n"
        f"process: {report.rss_mb[0]:.0f} MB after the warm-up, {report.rss_mb[-1]:.0f} MB at the "
        f"end, growth {report.growth_mb:+.1f} MB\n"
        f"{'passed' if report.passed else 'FAILED'}"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Soak and print; 1 where something failed or grew."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--model", action="append", help="reference; tiny ones without it")
    parser.add_argument("--memory-gb", type=float, help="70 %% of the models' sum without it")
    parser.add_argument("--max-tokens", type=int, default=32)
    parser.add_argument("--json", action="store_true", help="write JSON")
    given = parser.parse_args(arguments)
    try:
        report = (
            soak(
                given.model,
                given.requests,
                workers=given.workers,
                memory_gb=given.memory_gb,
                max_tokens=given.max_tokens,
            )
            if given.model
            else soak_tiny_models(given.requests, workers=given.workers)
        )
    except MdsaError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    sys.stdout.write((json.dumps(asdict(report)) if given.json else _told(report)) + "\n")
    return 0 if report.passed else 1


if __name__ == "__main__":
    sys.exit(main())
