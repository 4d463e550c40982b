"""The record of one request: figures and names, never the text of a message or an answer."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from mdsa.errors import InvalidInputError

__all__ = ["RequestMetric"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestMetric:
    """One request that ended.

    Attributes:
        domains: the domains that answered, in order; empty where none did.
        decision: `direct`, `decompose`, `clarify` or `unmatched`; empty where the request failed
            before routing decided.
        confidence: calibrated probability of the chosen domain, in [0, 1].
        latency_ms: from receiving the message to the whole answer.
        success: nothing failed.
        interrupted: it stopped for a person's approval of a tool call, and nothing was answered;
            what `resume` does is a request of its own.
        error_type: name of the exception's class where `success` is False.
        degraded: a fallback model answered.
        models: references of the models that answered.
        failures: `(model, reason)` of those that did not.
        timestamp: seconds since the epoch, when the request ended.
        node_latency_ms: milliseconds by node; see `NodeMetricsHandler.latency_by_node`.

    Raises:
        InvalidInputError: a figure is negative, infinite, not a number or out of its range.
    """

    request_id: str
    latency_ms: float
    success: bool
    interrupted: bool = False
    session_id: str | None = None
    domains: tuple[str, ...] = ()
    decision: str = ""
    confidence: float = 0.0
    error_type: str | None = None
    degraded: bool = False
    models: tuple[str, ...] = ()
    failures: tuple[tuple[str, str], ...] = ()
    input_tokens: int = 0
    output_tokens: int = 0
    timestamp: float = field(default_factory=time.time)
    node_latency_ms: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        figures = {
            "latency_ms": self.latency_ms,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "timestamp": self.timestamp,
            **{f"node_latency_ms[{node!r}]": ms for node, ms in self.node_latency_ms.items()},
        }
        for name, value in figures.items():
            if not 0 <= value < math.inf:
                raise InvalidInputError(
                    f"{name} of a RequestMetric is {value!r}; give a finite number, 0 or more."
                )
        if not 0 <= self.confidence <= 1:
            raise InvalidInputError(
                f"confidence of a RequestMetric is {self.confidence!r}; give a probability from "
                "0 to 1."
            )
        # Copies, so that the record does not change with what its maker still holds.
        object.__setattr__(self, "node_latency_ms", dict(self.node_latency_ms))
        object.__setattr__(self, "domains", tuple(self.domains))
        object.__setattr__(self, "models", tuple(self.models))
        object.__setattr__(self, "failures", tuple(tuple(item) for item in self.failures))

    def as_dict(self) -> dict[str, Any]:
        """The record as JSON-ready values."""
        return asdict(self) | {
            "domains": list(self.domains),
            "models": list(self.models),
            "failures": [{"model": model, "reason": reason} for model, reason in self.failures],
        }
