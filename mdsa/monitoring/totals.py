"""Counts of requests and nodes, to which those of another process can be added."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from mdsa.monitoring.confidences import ConfidenceHistogram
from mdsa.monitoring.histogram import LatencyHistogram
from mdsa.monitoring.node_stats import NodeStats, NodeTable
from mdsa.monitoring.request_metric import RequestMetric

__all__ = ["Totals"]


@dataclass(slots=True, kw_only=True)
class Totals:
    """Everything that is counted. Not thread-safe: its owner holds the lock.

    Percentiles come from histograms, so those of several processes are those of all requests.

    Attributes:
        success: requests that were answered.
        interrupted: requests that stopped for approval.
        failures: by model and reason, how often one was asked in vain.
    """

    success: int = 0
    interrupted: int = 0
    degraded: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    latency: LatencyHistogram = field(default_factory=LatencyHistogram)
    confidence: ConfidenceHistogram = field(default_factory=ConfidenceHistogram)
    domains: Counter[str] = field(default_factory=Counter)
    decisions: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)
    failures: dict[str, Counter[str]] = field(default_factory=dict)
    nodes: dict[str, NodeStats] = field(default_factory=NodeTable)

    def add(self, metric: RequestMetric) -> None:
        """Count a request that ended, well or not."""
        self.success += metric.success and not metric.interrupted
        self.interrupted += metric.success and metric.interrupted
        self.degraded += metric.degraded
        self.input_tokens += metric.input_tokens
        self.output_tokens += metric.output_tokens
        self.latency.add(metric.latency_ms)
        self.domains.update(set(metric.domains))
        self.models.update(set(metric.models))
        for model, reason in metric.failures:
            self.failures.setdefault(model, Counter())[reason] += 1
        if metric.decision:
            self.decisions[metric.decision] += 1
            self.confidence.add(metric.confidence)
        if not metric.success:
            self.errors[metric.error_type or "unknown"] += 1

    def merge(self, other: Totals) -> None:
        """Count what another one has counted."""
        self.success += other.success
        self.interrupted += other.interrupted
        self.degraded += other.degraded
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.latency.merge(other.latency)
        self.confidence.merge(other.confidence)
        self.domains.update(other.domains)
        self.decisions.update(other.decisions)
        self.errors.update(other.errors)
        self.models.update(other.models)
        for model, reasons in other.failures.items():
            self.failures.setdefault(model, Counter()).update(reasons)
        for node, stats in other.nodes.items():
            self.nodes.setdefault(node, NodeStats()).merge(stats)

    def stats(self) -> dict[str, Any]:
        """The counts, JSON-ready; see `MonitoringService.stats`."""
        total = self.latency.count
        failed = self.errors.total()
        ended = self.success + failed
        return {
            "requests_total": total,
            "requests_success": self.success,
            "requests_failed": failed,
            "requests_interrupted": self.interrupted,
            "success_rate": self.success / ended if ended else 0.0,
            "average_latency_ms": self.latency.mean_ms,
            "latency": self.latency.percentiles(),
            "domain_stats": dict(self.domains),
            "decisions": dict(self.decisions),
            "errors": dict(self.errors),
            "degraded_total": self.degraded,
            "model_stats": dict(self.models),
            "model_failures": {model: dict(found) for model, found in self.failures.items()},
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "nodes": {key: stats.as_dict() for key, stats in self.nodes.items()},
        }

    def histograms(self) -> dict[str, Any]:
        """The histograms; see `MonitoringService.snapshot`."""
        return {
            "latency_buckets": self.latency.cumulative_buckets(),
            "latency_sum_ms": self.latency.sum_ms,
            "confidence_buckets": self.confidence.cumulative_buckets(),
            "confidence_sum": self.confidence.sum,
            "node_latency_buckets": {
                key: stats.latency.cumulative_buckets() for key, stats in self.nodes.items()
            },
            "node_latency_sum_ms": {key: stats.latency.sum_ms for key, stats in self.nodes.items()},
        }
