"""The agent's figures as the pages draw them: names and numbers, no text of any message."""

from __future__ import annotations

from typing import Any

from mdsa import __version__
from mdsa.monitoring import RequestMetric
from mdsa.server.readiness import CheckResult
from mdsa.server.service import Service

__all__ = ["request_view", "status_view", "summary"]


def summary(service: Service) -> dict[str, Any]:
    """The totals of all workers since the server started.

    `confidence.counts` has one entry per tenth, from 0 to 1; latencies are in milliseconds.
    """
    agent = service.agent
    taken, count = service.workers.snapshot()
    totals = taken.totals.stats()
    kept = (
        *("requests_total", "requests_success", "requests_failed", "requests_interrupted"),
        "success_rate",
        *("average_latency_ms", "latency", "decisions", "errors", "degraded_total"),
        *("model_stats", "model_failures", "input_tokens", "output_tokens", "nodes"),
    )
    return {
        **count.told(),
        **{name: totals[name] for name in kept},
        "domains": service.workers.by_domain(taken),
        "confidence": {
            "counts": taken.totals.confidence.counts,
            "threshold": agent.threshold,
            "target_error": agent.settings.target_error,
        },
        "turns": {"running": taken.running, "waiting": taken.waiting},
    }


def request_view(metric: RequestMetric) -> dict[str, Any]:
    """A request that ended; its session stays out, which may be another caller's."""
    found = metric.as_dict()
    del found["session_id"]
    return found


def status_view(service: Service, checks: list[CheckResult]) -> dict[str, Any]:
    """How the parts stand: models with what they take and how they failed, and the stores."""
    agent = service.agent
    taken, _ = service.workers.snapshot()
    stored = agent.rag.stats()
    return {
        "version": __version__,
        "parts": [
            {"kind": part.kind, "name": part.name, "ok": part.ok, "detail": part.detail}
            | ({"remedy": part.remedy} if part.remedy else {})
            for part in checks
        ],
        "breakers": taken.models["breakers"],
        "memory": taken.models["memory"],
        "answers": taken.totals.models,
        "failures": taken.totals.failures,
        "knowledge": {
            "global": stored["global"],
            "domains": {
                **{domain.name: 0 for domain in agent.domains},
                **stored["domains"],
            },
            "embedding_model": stored["embedding_model"],
        },
    }
