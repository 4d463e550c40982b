"""Where spans go: the application's own OpenTelemetry, or an OTLP endpoint."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Thread

from opentelemetry import trace
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

__all__ = ["Provider", "open_provider"]

_CLOSING_S = 3.0
"""An endpoint that does not answer holds up the end of a program for no longer."""


@dataclass(frozen=True)
class Provider:
    """Makes tracers.

    Attributes:
        tracers: the SDK's.
        owned: made here, and ended by `close`; the application ends its own.
    """

    tracers: TracerProvider
    owned: bool

    def close(self) -> None:
        """Send what was not sent yet."""
        if not self.owned:
            return
        ending = Thread(target=self.tracers.shutdown, name="mdsa-traces-end", daemon=True)
        ending.start()
        ending.join(_CLOSING_S)


def open_provider(protocol: str) -> Provider:
    """Take the application's provider where it has set one, else make one.

    The exporter reads `OTEL_EXPORTER_OTLP_*` (endpoint, headers, certificate, compression), the
    sampler `OTEL_TRACES_SAMPLER`, and the resource `OTEL_SERVICE_NAME` and
    `OTEL_RESOURCE_ATTRIBUTES`. Nothing global is changed.

    Args:
        protocol: `http/protobuf` or `grpc`.
    """
    application = trace.get_tracer_provider()
    if isinstance(application, TracerProvider):
        return Provider(application, owned=False)
    # Ended by `close`; the exit handler would wait for an endpoint that does not answer.
    tracers = TracerProvider(resource=_resource(), shutdown_on_exit=False)
    tracers.add_span_processor(BatchSpanProcessor(_exporter(protocol)))
    return Provider(tracers, owned=True)


def _resource() -> Resource:
    found = Resource.create()
    if str(found.attributes.get(SERVICE_NAME, "")).startswith("unknown_service"):
        return found.merge(Resource({SERVICE_NAME: "mdsa"}))
    return found


def _exporter(protocol: str) -> SpanExporter:
    if protocol == "grpc":
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import (
            OTLPSpanExporter as GrpcSpanExporter,
        )

        return GrpcSpanExporter()
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter()
