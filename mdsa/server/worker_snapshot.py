"""What one worker has counted and how it stands, and the same of several together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Final

from pydantic import ConfigDict, TypeAdapter

from mdsa.core.orchestrator import TinyBERTOrchestrator
from mdsa.monitoring import RequestMetric, Totals
from mdsa.server.turns import TurnGate

__all__ = ["MOST_RECENT", "WorkerSnapshot"]

MOST_RECENT: Final = 100
"""Requests that a worker tells of, the last ones."""

_WORST: Final = ("closed", "half_open", "open")
_SUMMED: Final = ("opened_total", "refused_total")


@dataclass(kw_only=True)
class WorkerSnapshot:
    """Figures and names, no text of any message.

    Attributes:
        recent: the last requests that ended, newest first.
        bus: see `MessageBus.stats`.
        models: see `ModelRegistry.stats`.
    """

    # A histogram's smallest value is infinite until it has one.
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(ser_json_inf_nan="constants")

    totals: Totals
    recent: list[RequestMetric]
    running: int
    waiting: int
    bus: dict[str, Any]
    models: dict[str, Any]

    @classmethod
    def take(cls, agent: TinyBERTOrchestrator, turns: TurnGate) -> WorkerSnapshot:
        """Take this worker's."""
        # Requests last: those that are told are not yet all counted, never the other way round.
        return cls(
            totals=agent.monitoring.totals(),
            recent=agent.monitoring.recent(MOST_RECENT),
            running=turns.running,
            waiting=turns.waiting,
            bus=agent.message_bus.stats(),
            models=agent.models.stats(),
        )

    @classmethod
    def read(cls, written: bytes) -> WorkerSnapshot:
        """Read what `write` gave.

        Raises:
            ValueError: it is something else.
        """
        taken = _adapter().validate_json(written)
        try:
            cls.merge([taken, taken])  # what is of another form than ours shows here
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"it is of another form: {error!r}") from error
        return taken

    def write(self) -> bytes:
        """Write it, without the names of sessions."""
        return _adapter().dump_json(self, exclude={"recent": {"__all__": {"session_id"}}})

    @classmethod
    def merge(cls, all_of: Sequence[WorkerSnapshot]) -> WorkerSnapshot:
        """Put those of several workers together."""
        totals = Totals()
        for one in all_of:
            totals.merge(one.totals)
        recent = [metric for one in all_of for metric in one.recent]
        recent.sort(key=lambda metric: metric.timestamp, reverse=True)
        return cls(
            totals=totals,
            recent=recent[:MOST_RECENT],
            running=sum(one.running for one in all_of),
            waiting=sum(one.waiting for one in all_of),
            bus=_merged_bus([one.bus for one in all_of]),
            models={
                "memory": _merged_memory([one.models["memory"] for one in all_of]),
                "breakers": _merged_breakers([one.models["breakers"] for one in all_of]),
            },
        )


def _merged_bus(stats: Sequence[dict[str, Any]]) -> dict[str, Any]:
    topics: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for one in stats:
        topics.update(one["messages_by_topic"])
        counts.update({name: n for name, n in one.items() if name != "messages_by_topic"})
    return {**counts, "messages_by_topic": dict(topics)}


def _merged_memory(stats: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """By memory: the limit of each worker, and sums; what is loaded stands there as often as it is.

    `used_bytes_by_worker` compares with the limit, of those workers that use the memory.
    """
    merged: dict[str, dict[str, Any]] = {}
    for one in stats:
        for name, pool in one.items():
            pool = {**pool, "used_bytes_by_worker": [pool["used_bytes"]]}
            if name in merged:
                pool = {
                    key: max(merged[name][key], pool[key])
                    if key == "limit_bytes"
                    else merged[name][key] + pool[key]
                    for key in pool
                }
            merged[name] = pool
    return merged


def _merged_breakers(stats: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """By model: the worst state of any worker, and the sums of their counts."""
    by_model: dict[str, list[dict[str, Any]]] = {}
    for one in stats:
        for reference, breaker in one.items():
            by_model.setdefault(reference, []).append(breaker)
    return {
        reference: {
            **max(found, key=lambda breaker: _WORST.index(breaker["state"])),
            **{name: sum(breaker[name] for breaker in found) for name in _SUMMED},
        }
        for reference, found in by_model.items()
    }


@cache
def _adapter() -> TypeAdapter[WorkerSnapshot]:
    return TypeAdapter(WorkerSnapshot)
