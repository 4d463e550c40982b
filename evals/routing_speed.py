"""How long the router takes: one message, many domains, batches, threads, loading.

One message is judged in one thread, a batch in as many as there are processors.

    python -m mdsa.evals.routing_speed [--messages 300]

Messages and domains are strung together from a fixed list of words, a new message each time, so
that nothing is answered from a cache. Everything of a message is included: mending typos,
tokenising, encoding, scoring, the evidence. What is compared takes turns of twenty messages within
one run, so that a busy machine slows all of it alike; a machine that is not idle still shows in the
p99. Within a turn the processor's caches hold what the last message left. One row is of messages
that find nothing there, as where other work runs between any two.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from mdsa.router import Router, RouterDomain
from mdsa.router.encoder import load_encoder
from mdsa.router.text_graph import batch_threads

__all__ = ["Clocked", "RoutingSpeed", "measure_speed"]

_WORDS = (
    "where when order parcel invoice refund late card account password reset battery screen help "
    "please change address payment flight hotel table weather music alarm meeting doctor recipe "
    "price open close cancel book send find today tomorrow broken lost wrong new my the is to"
)
_TOKENS = (8, 16, 32, 64, 128)
_DOMAINS = (3, 30, 300, 1000)
_USUAL_TOKENS = 16
_USUAL_DOMAINS = 3
_BATCH = 64
_THREADS = 8
_WARM_UP = 20
_TURN = 20
_MORE_THAN_CACHED = 8_000_000
"""Floats; reading them leaves nothing else in the caches of a core."""
_LOAD_RUNS = 3
_LOAD = (
    "import time; start = time.perf_counter()\n"
    "from mdsa.router.encoder import load_encoder\n"
    "load_encoder().encode(['hello'])\n"
    "print(time.perf_counter() - start)"
)


@dataclass(frozen=True, slots=True)
class Clocked:
    """Milliseconds that a message took."""

    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class RoutingSpeed:
    """What `measure_speed` found.

    Attributes:
        message: one message of 16 tokens among 3 domains.
        cold: the same, after the caches were emptied.
        encoding: tokenising and encoding alone, for the same messages.
        by_tokens: one message, by its number of tokens.
        by_domains: one message of 16 tokens, by how many domains are registered.
        batch_ratio: throughput of batches of 64 to that of singles.
        batch_cpu_ratio: CPU time of singles to that of batches; what a batch saves without threads.
        batch_threads: that batches are encoded in; singles are in one.
        threads_ratio: throughput of 8 threads to that of one.
        load_s: importing, loading and the first message in a fresh process, seconds; the best.
        similarity: sentence-transformers' MiniLM and a cosine, for the same messages; None where
            the package or the model is not here.
    """

    message: Clocked
    cold: Clocked
    encoding: Clocked
    by_tokens: dict[int, Clocked]
    by_domains: dict[int, Clocked]
    batch_ratio: float
    batch_cpu_ratio: float
    batch_threads: int
    threads_ratio: float
    load_s: float
    similarity: Clocked | None

    @property
    def flatness(self) -> float:
        """Median with 1,000 domains to that with 3."""
        return self.by_domains[max(self.by_domains)].p50_ms / self.by_domains[3].p50_ms

    @property
    def times_faster(self) -> float | None:
        """Median of the similarity router to ours."""
        return self.similarity.p50_ms / self.message.p50_ms if self.similarity else None

    def table(self) -> str:
        """The figures for people."""
        rows = [
            ("one message, 16 tokens, 3 domains", self.message),
            ("  the same, with empty caches", self.cold),
            ("  of which tokenising and encoding", self.encoding),
            *((f"one message, {count} tokens", one) for count, one in self.by_tokens.items()),
            *((f"one message, {count} domains", one) for count, one in self.by_domains.items()),
        ]
        if self.similarity:
            rows.append(("sentence-transformers MiniLM + cosine", self.similarity))
        lines = [f"{'':40} {'p50 ms':>8} {'p99 ms':>8}"]
        lines += [f"{name:40} {one.p50_ms:8.3f} {one.p99_ms:8.3f}" for name, one in rows]
        lines += [
            f"1,000 domains to 3: {self.flatness:.2f}",
            f"throughput, batches of {_BATCH} in {self.batch_threads} threads to singles in one: "
            f"{self.batch_ratio:.2f} (by CPU time: {self.batch_cpu_ratio:.2f})",
            f"throughput, {_THREADS} threads to one: {self.threads_ratio:.2f}",
            f"import, load and first message in a fresh process: {self.load_s:.2f} s",
        ]
        if self.times_faster:
            lines.append(f"times faster than MiniLM similarity: {self.times_faster:.1f}")
        return "\n".join(lines)


def measure_speed(
    messages: int = 300, new_router: Callable[[], Router] | None = None
) -> RoutingSpeed:
    """Measure a router without training.

    Args:
        messages: clocked for every row.
        new_router: makes the router, without domains; the default one if None.

    Raises:
        ModelUnavailableError: the encoder cannot be loaded.
    """
    if new_router is None:
        from mdsa.router.tinybert_router import TinyBertRouter

        new_router = TinyBertRouter
    writer = _Writer()
    routers = {}
    for count in _DOMAINS:
        routers[count] = new_router()
        for domain in writer.domains(count):
            routers[count].add_domain(domain)
        routers[count].route(["ready?"])
    router = routers[_USUAL_DOMAINS]
    similarity = _similarity(writer.domains(_USUAL_DOMAINS))
    usual = writer.messages(messages, _USUAL_TOKENS)
    rivals: list[Callable[[str], object]] = [
        lambda text: router.route([text]),
        lambda text: load_encoder().encode([text]),
    ]
    if similarity:
        rivals.append(similarity)
    found = _clock(rivals, [usual] * len(rivals))
    by_tokens = _clock(
        [lambda text: router.route([text])] * len(_TOKENS),
        [writer.messages(messages, count) for count in _TOKENS],
    )
    by_domains = _clock(
        [lambda text, router=one: router.route([text]) for one in routers.values()],  # type: ignore[misc]  # one lambda a router
        [writer.messages(messages, _USUAL_TOKENS) for _ in routers],
    )
    batch_ratio, batch_cpu_ratio = _batch_ratios(router, writer)
    return RoutingSpeed(
        message=found[0],
        cold=_clock_cold(lambda text: router.route([text]), usual),
        encoding=found[1],
        by_tokens=dict(zip(_TOKENS, by_tokens, strict=True)),
        by_domains=dict(zip(_DOMAINS, by_domains, strict=True)),
        batch_ratio=batch_ratio,
        batch_cpu_ratio=batch_cpu_ratio,
        batch_threads=batch_threads(),
        threads_ratio=_threads_ratio(router, writer),
        load_s=min(_load_seconds() for _ in range(_LOAD_RUNS)),
        similarity=found[2] if similarity else None,
    )


class _Writer:
    """Strings together messages of a number of tokens, and domains."""

    def __init__(self) -> None:
        self._words = _WORDS.split()
        self._random = random.Random(0)  # messages, no secret

    def messages(self, count: int, tokens: int) -> list[str]:
        # Every word of the list is one token; [CLS] and [SEP] are two more.
        return [" ".join(self._random.choices(self._words, k=tokens - 2)) for _ in range(count)]

    def domains(self, count: int) -> list[RouterDomain]:
        return [
            RouterDomain(
                f"domain_{number}",
                f"Questions about {' '.join(self._random.choices(self._words, k=6))}",
                tuple(" ".join(self._random.choices(self._words, k=2)) for _ in range(4)),
            )
            for number in range(count)
        ]


def _clock(
    calls: Sequence[Callable[[str], object]], messages: Sequence[Sequence[str]]
) -> list[Clocked]:
    """Clock calls that take turns."""
    taken: list[list[float]] = [[] for _ in calls]
    for call, texts in zip(calls, messages, strict=True):
        for text in texts[:_WARM_UP]:
            call(text)
    for start in range(0, len(messages[0]), _TURN):
        for call, texts, times in zip(calls, messages, taken, strict=True):
            times += [_milliseconds(call, text) for text in texts[start : start + _TURN]]
    return [_clocked(times) for times in taken]


def _clock_cold(call: Callable[[str], object], texts: Sequence[str]) -> Clocked:
    other_work = np.ones(_MORE_THAN_CACHED, np.float32)
    times = []
    for text in texts:
        other_work.sum()
        times.append(_milliseconds(call, text))
    return _clocked(times)


def _milliseconds(call: Callable[[str], object], text: str) -> float:
    start = time.perf_counter()
    call(text)
    return (time.perf_counter() - start) * 1000


def _clocked(times: Sequence[float]) -> Clocked:
    return Clocked(float(np.median(times)), float(np.quantile(times, 0.99)))


def _batch_ratios(router: Router, writer: _Writer, runs: int = 15) -> tuple[float, float]:
    """Time of 64 singles to that of one batch, on the clock and of the CPU.

    Medians of runs in which both take turns.
    """
    alone, together = [], []
    for _ in range(runs):
        texts = [text for tokens in range(8, 24) for text in writer.messages(_BATCH // 16, tokens)]
        start = _clocks()
        for text in texts:
            router.route([text])
        between = _clocks()
        router.route(texts)
        alone.append(between - start)
        together.append(_clocks() - between)
    clock, cpu = np.median(alone, axis=0) / np.median(together, axis=0)
    return float(clock), float(cpu)


def _clocks() -> NDArray[np.float64]:
    return np.array([time.perf_counter(), time.process_time()])


def _threads_ratio(router: Router, writer: _Writer, messages: int = 400) -> float:
    """Seconds of messages one after the other to those of as many from 8 threads."""
    texts = writer.messages(messages, _USUAL_TOKENS)
    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(router.route, repeat(["ready?"], _THREADS)))
        start = time.perf_counter()
        for text in texts:
            router.route([text])
        between = time.perf_counter()
        list(pool.map(lambda text: router.route([text]), texts))
        return (between - start) / (time.perf_counter() - between)


def _load_seconds() -> float:
    done = subprocess.run(  # noqa: S603  # our own interpreter and code
        [sys.executable, "-c", _LOAD], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def _similarity(domains: Sequence[RouterDomain]) -> Callable[[str], object] | None:
    """The router that ours replaces: MiniLM in sentence-transformers, and a cosine."""
    from mdsa.embeddings.packaged import packaged_minilm
    from mdsa.errors import ModelUnavailableError

    try:
        import torch
        from sentence_transformers import SentenceTransformer

        model = SentenceTransformer(str(packaged_minilm().folder), device="cpu")
    except (ImportError, OSError, ModelUnavailableError):
        return None
    torch.set_num_threads(1)
    known = model.encode([domain.description for domain in domains], normalize_embeddings=True)
    return lambda text: (known @ model.encode(text, normalize_embeddings=True)).argmax()


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m mdsa.evals.routing_speed")
    parser.add_argument("--messages", type=int, default=300, help="messages for every row")
    sys.stdout.write(f"{measure_speed(parser.parse_args().messages).table()}\n")


if __name__ == "__main__":
    main()
