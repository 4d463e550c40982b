"""The agent's figures and the server's own, as Prometheus reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from mdsa.core.orchestrator import TinyBERTOrchestrator
from mdsa.server.loop_lag import LoopLag
from mdsa.server.turns import TurnGate

__all__ = ["ServerMetrics"]

_MS = 1000.0


class ServerMetrics:
    """Counts requests, and tells all figures; one registry per server, none shared.

    Names and counts only, never what somebody wrote.
    """

    def __init__(self, agent: TinyBERTOrchestrator, turns: TurnGate) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_AgentCollector(agent))
        self._registry.register(_TurnCollector(turns))
        self.loop_lag = LoopLag(self._registry)
        labels = ["method", "route", "status"]
        self._requests = Counter(
            "mdsa_http_requests", "HTTP requests answered.", labels, registry=self._registry
        )
        self._duration = Histogram(
            "mdsa_http_request_duration_seconds",
            "From the request to the end of its answer.",
            ["method", "route"],
            registry=self._registry,
        )

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request; `route` is a path as declared, so that labels stay few."""
        self._requests.labels(method, route, str(status)).inc()
        self._duration.labels(method, route).observe(seconds)

    def render(self) -> bytes:
        """The text that Prometheus scrapes."""
        return generate_latest(self._registry)


class _TurnCollector(Collector):
    def __init__(self, turns: TurnGate) -> None:
        self._turns = turns

    def collect(self) -> Iterable[Metric]:
        yield GaugeMetricFamily(
            "mdsa_turns_running", "Turns being answered.", value=self._turns.running
        )
        yield GaugeMetricFamily(
            "mdsa_turns_waiting", "Turns that wait to be answered.", value=self._turns.waiting
        )


class _AgentCollector(Collector):
    def __init__(self, agent: TinyBERTOrchestrator) -> None:
        self._agent = agent

    def collect(self) -> Iterable[Metric]:
        taken = self._agent.monitoring.snapshot(recent=False)
        counts = {domain.name: 0 for domain in self._agent.domains} | taken["domain_stats"]
        yield from _requests(taken)
        yield _counter("mdsa_domain_requests", "Requests by domain.", "domain", counts)
        yield _counter(
            "mdsa_routing_decisions", "Routing decisions.", "decision", taken["decisions"]
        )
        yield _counter("mdsa_turn_errors", "Failed turns by error.", "error", taken["errors"])
        yield _counter("mdsa_model_answers", "Answers by model.", "model", taken["model_stats"])
        failures = CounterMetricFamily(
            "mdsa_model_failures", "Models asked in vain.", labels=["model", "reason"]
        )
        for model, reasons in taken["model_failures"].items():
            for reason, count in reasons.items():
                failures.add_metric([model, reason], count)
        yield failures
        yield from _nodes(taken)


def _requests(taken: dict[str, Any]) -> Iterable[Metric]:
    outcomes = {
        "success": taken["requests_success"],
        "failure": taken["requests_failed"],
        "interrupted": taken["requests_interrupted"],
    }
    yield _counter("mdsa_turns", "Turns by outcome.", "outcome", outcomes)
    yield CounterMetricFamily(
        "mdsa_degraded_turns", "Turns that a fallback answered.", value=taken["degraded_total"]
    )
    tokens = {"input": taken["input_tokens"], "output": taken["output_tokens"]}
    yield _counter("mdsa_tokens", "Tokens of model calls.", "direction", tokens)
    yield HistogramMetricFamily(
        "mdsa_turn_duration_seconds",
        "From the message to the whole answer.",
        buckets=_buckets(taken["latency_buckets"], _MS),
        sum_value=taken["latency_sum_ms"] / _MS,
    )
    yield HistogramMetricFamily(
        "mdsa_routing_confidence",
        "Calibrated probability of the chosen domain.",
        buckets=_buckets(taken["confidence_buckets"], 1.0),
        sum_value=taken["confidence_sum"],
    )


def _nodes(taken: dict[str, Any]) -> Iterable[Metric]:
    names = ["domain", "node"]
    runs = CounterMetricFamily("mdsa_node_runs", "Runs of graph nodes.", labels=[*names, "outcome"])
    tokens = CounterMetricFamily(
        "mdsa_node_tokens", "Tokens of a node's model calls.", labels=[*names, "direction"]
    )
    duration = HistogramMetricFamily(
        "mdsa_node_duration_seconds",
        "Duration of graph nodes; a domain's own holds those inside it.",
        labels=names,
    )
    for key, stats in taken["nodes"].items():
        where = _place(key)
        others = {name: stats[name] for name in ("errors", "interrupts", "cancelled")}
        runs.add_metric([*where, "ok"], stats["count"] - sum(others.values()))
        for outcome, count in others.items():
            runs.add_metric([*where, outcome], count)
        tokens.add_metric([*where, "input"], stats["input_tokens"])
        tokens.add_metric([*where, "output"], stats["output_tokens"])
        if stats["count"]:
            duration.add_metric(
                where,
                _buckets(taken["node_latency_buckets"][key], _MS),
                taken["node_latency_sum_ms"][key] / _MS,
            )
    yield from (runs, tokens, duration)


def _place(key: str) -> list[str]:
    """The labels of a node: `orders/generate` lies in a domain, `gate` in none."""
    domain, slash, node = key.partition("/")
    return [domain, node] if slash else ["", key]


def _buckets(pairs: Sequence[tuple[float, int]], scale: float) -> list[tuple[str, float]]:
    return [
        ("+Inf" if bound == float("inf") else str(bound / scale), float(count))
        for bound, count in pairs
    ]


def _counter(name: str, text: str, label: str, counts: dict[str, int]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family
