"""What happened since the process started: requests, domains and nodes, in bounded memory."""

from __future__ import annotations

from collections import deque
from itertools import islice
from threading import Lock
from typing import Any

from mdsa.errors import InvalidInputError
from mdsa.monitoring.node_handler import NodeMetricsHandler, TokenCount
from mdsa.monitoring.node_stats import NodeOutcome
from mdsa.monitoring.request_metric import RequestMetric
from mdsa.monitoring.totals import Totals

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
        self._totals = Totals()
        self._recent: deque[RequestMetric] = deque(maxlen=recent)

    def record(self, metric: RequestMetric) -> None:
        """Count a request that ended, well or not.

        Its `node_latency_ms` is held with it but not counted again: the handler of the request
        has passed each run on already.
        """
        with self._lock:
            self._totals.add(metric)
            self._recent.append(metric)

    def request_handler(self, domain: str | None = None) -> NodeMetricsHandler:
        """A callback handler for one request: `config={"callbacks": [handler]}`.

        It knows the request's own latency by node afterwards, and counts every run here.

        Args:
            domain: the one whose subgraph is asked alone.
        """
        return NodeMetricsHandler(self, domain=domain)

    def record_node(self, node: str, latency_ms: float, outcome: NodeOutcome) -> None:
        """Count a run of a node that ended."""
        with self._lock:
            self._totals.nodes[node].add_run(latency_ms, outcome)

    def record_model_call(self, node: str, tokens: TokenCount) -> None:
        """Count a model call that a node made."""
        with self._lock:
            self._totals.nodes[node].add_model_call(*tokens)

    def stats(self) -> dict[str, Any]:
        """The totals, JSON-ready.

        `requests_interrupted` stopped for approval of a tool call, the others were answered or
        failed; `success_rate`, in [0, 1], is the share of those that were answered.
        `average_latency_ms` is in milliseconds; both are 0.0 before the first request.
        `domain_stats` counts requests by domain: a request that two domains answered counts for
        both, one that none answered for none.
        `model_stats` counts requests by the model that answered, and `model_failures`, by model
        and reason, how often one was asked in vain.
        """
        with self._lock:
            return self._totals.stats()

    def snapshot(self, *, recent: bool = True) -> dict[str, Any]:
        """The totals with the histograms and the recent requests, taken at one moment.

        Histograms are `(upper bound, count up to it)` pairs, the last bound being infinite;
        latencies are in ms, confidences are those of requests that were routed.

        Args:
            recent: with the recent requests, which take the most time by far.
        """
        with self._lock:
            return {
                **self._totals.stats(),
                **self._totals.histograms(),
                **({"recent": [item.as_dict() for item in self._recent]} if recent else {}),
            }

    def totals(self) -> Totals:
        """A copy of everything that is counted, taken at one moment."""
        copy = Totals()
        with self._lock:
            copy.merge(self._totals)
        return copy

    def recent(self, most: int) -> list[RequestMetric]:
        """The last requests that ended, at most so many, newest first."""
        with self._lock:
            return list(islice(reversed(self._recent), max(most, 0)))
