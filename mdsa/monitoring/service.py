"""What happened since the process started: requests, domains and nodes, in bounded memory."""

from __future__ import annotations

from collections import Counter, deque
from itertools import islice
from threading import Lock
from typing import Any

from mdsa.errors import InvalidInputError
from mdsa.monitoring.confidences import ConfidenceHistogram
from mdsa.monitoring.histogram import LatencyHistogram
from mdsa.monitoring.node_handler import NodeMetricsHandler, TokenCount
from mdsa.monitoring.node_stats import NodeOutcome, NodeTable
from mdsa.monitoring.request_metric import RequestMetric

__all__ = ["MonitoringService"]


class MonitoringService:
    """Counts requests and node runs. Thread-safe; one instance serves one orchestrator.

    Totals run since the service was made. Of single requests only the last `recent` are held, and
    latencies are held as histograms, so memory does not grow with traffic.
    """

    def __init__(self, recent: int = 1000) -> None:
        if recent < 0:
            raise InvalidInputError(
                f"recent is {recent}; give how many requests to hold, 0 or more."
            )
        self._lock = Lock()
        self._success = 0
        self._degraded = 0
        self._input_tokens = 0
        self._output_tokens = 0
        self._latency = LatencyHistogram()
        self._confidence = ConfidenceHistogram()
        self._domains: Counter[str] = Counter()
        self._decisions: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._models: Counter[str] = Counter()
        self._failures: Counter[tuple[str, str]] = Counter()
        self._nodes = NodeTable()
        self._recent: deque[RequestMetric] = deque(maxlen=recent)

    def record(self, metric: RequestMetric) -> None:
        """Count a request that ended, well or not.

        Its `node_latency_ms` is held with it but not counted again: the handler of the request
        has passed each run on already.
        """
        with self._lock:
            self._success += metric.success
            self._degraded += metric.degraded
            self._input_tokens += metric.input_tokens
            self._output_tokens += metric.output_tokens
            self._latency.add(metric.latency_ms)
            self._domains.update(set(metric.domains))
            self._models.update(set(metric.models))
            self._failures.update(metric.failures)
            if metric.decision:
                self._decisions[metric.decision] += 1
                self._confidence.add(metric.confidence)
            if not metric.success:
                self._errors[metric.error_type or "unknown"] += 1
            self._recent.append(metric)

    def request_handler(self) -> NodeMetricsHandler:
        """A callback handler for one request: `config={"callbacks": [handler]}`.

        It knows the request's own latency by node afterwards, and counts every run here.
        """
        return NodeMetricsHandler(sink=self)

    def record_node(self, node: str, latency_ms: float, outcome: NodeOutcome) -> None:
        """Count a run of a node that ended."""
        with self._lock:
            self._nodes[node].add_run(latency_ms, outcome)

    def record_model_call(self, node: str, tokens: TokenCount) -> None:
        """Count a model call that a node made."""
        with self._lock:
            self._nodes[node].add_model_call(*tokens)

    def stats(self) -> dict[str, Any]:
        """The totals, JSON-ready.

        `success_rate` is in [0, 1] and `average_latency_ms` in milliseconds; both are 0.0 before
        the first request, when `requests_total` is 0. `domain_stats` counts requests by domain: a
        request that two domains answered counts for both, one that none answered for none.
        `model_stats` counts requests by the model that answered, and `model_failures`, by model
        and reason, how often one was asked in vain.
        """
        with self._lock:
            return self._stats()

    def snapshot(self, *, recent: bool = True) -> dict[str, Any]:
        """The totals with the histograms and the recent requests, taken at one moment.

        Histograms are `(upper bound, count up to it)` pairs, the last bound being infinite;
        latencies are in ms, confidences are those of requests that were routed.

        Args:
            recent: with the recent requests, which take the most time by far.
        """
        with self._lock:
            return {
                **self._stats(),
                "latency_buckets": self._latency.cumulative_buckets(),
                "latency_sum_ms": self._latency.sum_ms,
                "confidence_buckets": self._confidence.cumulative_buckets(),
                "confidence_sum": self._confidence.sum,
                "node_latency_buckets": {
                    key: stats.latency.cumulative_buckets() for key, stats in self._nodes.items()
                },
                "node_latency_sum_ms": {
                    key: stats.latency.sum_ms for key, stats in self._nodes.items()
                },
                **({"recent": [item.as_dict() for item in self._recent]} if recent else {}),
            }

    def recent(self, most: int) -> list[RequestMetric]:
        """The last requests that ended, at most so many, newest first."""
        with self._lock:
            return list(islice(reversed(self._recent), max(most, 0)))

    def _stats(self) -> dict[str, Any]:
        total = self._latency.count
        return {
            "requests_total": total,
            "requests_success": self._success,
            "requests_failed": total - self._success,
            "success_rate": self._success / total if total else 0.0,
            "average_latency_ms": self._latency.mean_ms,
            "latency": self._latency.percentiles(),
            "domain_stats": dict(self._domains),
            "decisions": dict(self._decisions),
            "errors": dict(self._errors),
            "degraded_total": self._degraded,
            "model_stats": dict(self._models),
            "model_failures": _by_model(self._failures),
            "input_tokens": self._input_tokens,
            "output_tokens": self._output_tokens,
            "nodes": {key: stats.as_dict() for key, stats in self._nodes.items()},
        }


def _by_model(failures: Counter[tuple[str, str]]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for (model, reason), count in failures.items():
        counts.setdefault(model, {})[reason] = count
    return counts
