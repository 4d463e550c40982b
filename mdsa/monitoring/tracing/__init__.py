"""OpenTelemetry traces of turns; nothing of OpenTelemetry is imported while they are off."""

from mdsa.monitoring.tracing.lazy import LazyTracing
from mdsa.monitoring.tracing.opening import open_tracing
from mdsa.monitoring.tracing.protocol import NoTracing, TracedTurn, Tracing

__all__ = ["LazyTracing", "NoTracing", "TracedTurn", "Tracing", "open_tracing"]
