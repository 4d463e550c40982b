"""Prometheus' figures of several workers, told by whichever of them is asked."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

__all__ = ["WorkerFigures"]

_log = logging.getLogger(__name__)


class WorkerFigures:
    """Writes a worker's figures where the others find them, and gives those of all.

    Every sample gets the label `worker`, a process id; sums over it are for Prometheus. (Its own
    multiprocess mode knows counters and histograms of the library alone, and no collectors, of
    which the agent's figures are made.)

    Args:
        folder: one that only the workers of one server use.
        render: gives this worker's figures.
        every_s: seconds from one writing to the next.
    """

    def __init__(self, folder: Path, render: Callable[[], bytes], *, every_s: float = 2.0) -> None:
        self._folder = folder
        self._render = render
        self._every_s = every_s
        self._own = folder / f"{os.getpid()}.prom"

    def render(self) -> bytes:
        """The figures of all workers; those of others are some seconds old at most."""
        texts = {str(os.getpid()): self._render().decode()}
        for path in self._folder.glob("*.prom"):
            if path != self._own and _is_running(path):
                with suppress(FileNotFoundError):  # it has just ended
                    texts[path.stem] = path.read_text(encoding="utf-8")
        registry = CollectorRegistry()
        registry.register(_Merged(texts))
        return generate_latest(registry)

    async def share(self) -> None:
        """Write the figures every few seconds, until cancelled.

        Where they cannot be written, the log says so once until they can be again.
        """
        failing = False
        try:
            while True:
                try:
                    await asyncio.to_thread(self._write)
                    failing = False
                except OSError as error:
                    if not failing:
                        _log.warning("the other workers cannot see this one's figures: %s", error)
                    failing = True
                await asyncio.sleep(self._every_s)
        finally:
            self._own.unlink(missing_ok=True)

    def _write(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        for path in self._folder.glob("*.prom"):
            if not _is_running(path):
                path.unlink(missing_ok=True)
        new = self._own.with_suffix(".new")
        new.write_bytes(self._render())
        new.replace(self._own)


class _Merged(Collector):
    def __init__(self, texts: dict[str, str]) -> None:
        self._texts = texts

    def collect(self) -> Iterable[Metric]:
        families: dict[str, Metric] = {}
        for worker, text in self._texts.items():
            for family in _labelled(text, worker):
                families.setdefault(family.name, family)
                if families[family.name] is not family:
                    families[family.name].samples += family.samples
        return families.values()


def _labelled(text: str, worker: str) -> Iterator[Metric]:
    for family in text_string_to_metric_families(text):
        family.samples = [
            sample._replace(labels={**sample.labels, "worker": worker}) for sample in family.samples
        ]
        yield family


def _is_running(path: Path) -> bool:
    return path.stem.isdecimal() and psutil.pid_exists(int(path.stem))
