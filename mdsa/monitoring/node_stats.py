"""What is counted for each node of the graph."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from mdsa.monitoring.histogram import LatencyHistogram

__all__ = ["NodeOutcome", "NodeStats", "NodeTable"]

NodeOutcome = Literal["ok", "error", "interrupted", "cancelled"]
"""How a run of a node ended.

An interrupt waits for a person and is no error. LangGraph cancels a node that exceeds its
`TimeoutPolicy`, and the siblings of one that failed: both are "cancelled".
"""


@dataclass(slots=True)
class NodeStats:
    """Counts of one node. Not thread-safe: its owner holds the lock."""

    count: int = 0
    """Runs that ended; each attempt of a retried node is one."""
    errors: int = 0
    interrupts: int = 0
    cancelled: int = 0
    model_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    latency: LatencyHistogram = field(default_factory=LatencyHistogram)

    def add_run(self, latency_ms: float, outcome: NodeOutcome) -> None:
        """Count one run that ended."""
        self.count += 1
        self.errors += outcome == "error"
        self.interrupts += outcome == "interrupted"
        self.cancelled += outcome == "cancelled"
        self.latency.add(latency_ms)

    def add_model_call(self, input_tokens: int, output_tokens: int) -> None:
        """Count one model call that the node made."""
        self.model_calls += 1
        self.input_tokens += input_tokens
        self.output_tokens += output_tokens

    def merge(self, other: NodeStats) -> None:
        """Count what another one has counted."""
        self.count += other.count
        self.errors += other.errors
        self.interrupts += other.interrupts
        self.cancelled += other.cancelled
        self.model_calls += other.model_calls
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.latency.merge(other.latency)

    def as_dict(self) -> dict[str, Any]:
        """The counts as JSON-ready values; latencies in milliseconds."""
        return {
            "count": self.count,
            "errors": self.errors,
            "interrupts": self.interrupts,
            "cancelled": self.cancelled,
            "model_calls": self.model_calls,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "average_ms": self.latency.mean_ms,
            **self.latency.percentiles(),
        }


class NodeTable(dict[str, NodeStats]):
    """Counts by node key; a key that is not there yet starts at zero."""

    def __missing__(self, key: str) -> NodeStats:
        return self.setdefault(key, NodeStats())
