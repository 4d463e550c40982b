"""The figures of all workers of a server, told by the one that is asked."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final, NamedTuple

from mdsa.core.orchestrator import TinyBERTOrchestrator
from mdsa.server.metrics import ServerMetrics
from mdsa.server.turns import TurnGate
from mdsa.server.worker_files import WorkerFiles
from mdsa.server.worker_metrics import labelled_by_worker, read_families
from mdsa.server.worker_readings import WorkerReadings
from mdsa.server.worker_snapshot import WorkerSnapshot

__all__ = ["AllWorkers"]

_METRICS: Final = "prom"
_SNAPSHOT: Final = "json"


class WorkerCount(NamedTuple):
    """Workers whose figures were read, and those whose could not be."""

    read: int
    unread: int

    def told(self) -> dict[str, int]:
        """As it stands among figures."""
        return {"workers": self.read, "workers_unread": self.unread}


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
        self._read_metrics = WorkerReadings("what Prometheus reads", read_families)
        self._read_snapshots = WorkerReadings("the figures", WorkerSnapshot.read)
        make = {_METRICS: metrics.render, _SNAPSHOT: lambda: self._own().write()}
        self.files = None if folder is None else WorkerFiles(folder, make)

    def metrics(self) -> bytes:
        """The text that Prometheus scrapes; with a label for the worker where there are several."""
        own = self._metrics.render()
        if self.files is None:
            return own
        others = self._read_metrics.read(self.files.others(_METRICS))
        return labelled_by_worker({str(os.getpid()): read_families(own), **others})

    def snapshot(self) -> tuple[WorkerSnapshot, WorkerCount]:
        """Everything that was counted, and the number of workers that it is of."""
        told = {} if self.files is None else self.files.others(_SNAPSHOT)
        others = self._read_snapshots.read(told)
        count = WorkerCount(1 + len(others), len(told) - len(others))
        return WorkerSnapshot.merge([self._own(), *others.values()]), count

    def stats(self) -> dict[str, Any]:
        """What `get_stats()` gives, of all workers.

        `workers` is their number, without the `workers_unread`, whose figures could not be read.
        """
        taken, count = self.snapshot()
        stats = self._agent.get_stats() | taken.totals.stats()
        stats["domain_stats"] = self.by_domain(taken)
        return {**stats, "message_bus": taken.bus, "models": taken.models, **count.told()}

    def by_domain(self, taken: WorkerSnapshot) -> dict[str, int]:
        """Requests by domain, also of domains that nobody asked."""
        return {domain.name: 0 for domain in self._agent.domains} | taken.totals.domains

    def told(self) -> object:
        """Differs from what it was before where another worker tells something else."""
        return {} if self.files is None else self.files.others(_SNAPSHOT)

    def _own(self) -> WorkerSnapshot:
        return WorkerSnapshot.take(self._agent, self._turns)
