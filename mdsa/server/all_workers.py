"""The figures of all workers of a server, told by the one that is asked."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Lock
from typing import Any, Final

from mdsa.core.orchestrator import TinyBERTOrchestrator
from mdsa.server.metrics import ServerMetrics
from mdsa.server.turns import TurnGate
from mdsa.server.worker_files import WorkerFiles
from mdsa.server.worker_metrics import labelled_by_worker
from mdsa.server.worker_snapshot import WorkerSnapshot

__all__ = ["AllWorkers"]

_METRICS: Final = "prom"
_SNAPSHOT: Final = "json"


class AllWorkers:
    """Tells of this worker as it is now, and of the others as they were some seconds ago.

    Thread-safe. A worker that ends takes its figures along.

    Args:
        folder: where the workers tell each other; None where this is the only one.
    """

    def __init__(
        self,
        agent: TinyBERTOrchestrator,
        turns: TurnGate,
        metrics: ServerMetrics,
        folder: Path | None,
    ) -> None:
        self._agent = agent
        self._turns = turns
        self._metrics = metrics
        self._lock = Lock()
        self._read: dict[str, tuple[bytes, WorkerSnapshot]] = {}
        make = {_METRICS: metrics.render, _SNAPSHOT: lambda: self._own().write()}
        self.files = None if folder is None else WorkerFiles(folder, make)

    def metrics(self) -> bytes:
        """The text that Prometheus scrapes; with a label for the worker where there are several."""
        own = self._metrics.render()
        if self.files is None:
            return own
        return labelled_by_worker({str(os.getpid()): own, **self.files.others(_METRICS)})

    def snapshot(self) -> tuple[WorkerSnapshot, int]:
        """Everything that was counted, and the number of workers that it is of."""
        others = self._others()
        return WorkerSnapshot.merge([self._own(), *others]), 1 + len(others)

    def stats(self) -> dict[str, Any]:
        """What `get_stats()` gives, of all workers; `workers` is their number."""
        taken, workers = self.snapshot()
        stats = self._agent.get_stats() | taken.totals.stats()
        stats["domain_stats"] = self.by_domain(taken)
        return {**stats, "message_bus": taken.bus, "models": taken.models, "workers": workers}

    def by_domain(self, taken: WorkerSnapshot) -> dict[str, int]:
        """Requests by domain, also of domains that nobody asked."""
        return {domain.name: 0 for domain in self._agent.domains} | taken.totals.domains

    def told(self) -> object:
        """Differs from what it was before where another worker tells something else."""
        return {} if self.files is None else self.files.others(_SNAPSHOT)

    def _own(self) -> WorkerSnapshot:
        return WorkerSnapshot.take(self._agent, self._turns)

    def _others(self) -> list[WorkerSnapshot]:
        if self.files is None:
            return []
        told = self.files.others(_SNAPSHOT)
        with self._lock:
            self._read = {
                worker: before
                if (before := self._read.get(worker)) and before[0] == written
                else (written, WorkerSnapshot.read(written))
                for worker, written in told.items()
            }
            return [snapshot for _, snapshot in self._read.values()]
