"""Whether turns are traced, by MDSA's settings and by the variables that OpenTelemetry defines."""

from __future__ import annotations

import logging
import os
from importlib.util import find_spec

from mdsa.errors import ConfigError
from mdsa.monitoring.tracing.protocol import NoTracing, Tracing
from mdsa.settings import Settings

__all__ = ["open_tracing"]

_log = logging.getLogger(__name__)

_INSTALL = "pip install 'mdsa[otel]'"
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def open_tracing(settings: Settings) -> Tracing:
    """Begin to trace where it is asked for; else nothing of OpenTelemetry is imported.

    `MDSA_TRACING` decides. Where it is not set, `OTEL_TRACES_EXPORTER` does, or that an OTLP
    endpoint is set. `OTEL_SDK_DISABLED=true` turns everything off.

    Raises:
        ConfigError: `MDSA_TRACING` asks for it and OpenTelemetry's exporter is not installed, or
            the exporter's variables cannot be used.
    """
    if _variable("OTEL_SDK_DISABLED").lower() == "true":
        return NoTracing()
    asked = settings.tracing
    if not (_asked_by_opentelemetry() if asked is None else asked):
        return NoTracing()
    protocol = _protocol()
    if find_spec("opentelemetry") is None or find_spec(_exporter_package(protocol)) is None:
        if asked:
            raise ConfigError(
                f"MDSA_TRACING is set and OpenTelemetry's {protocol} exporter is not installed; "
                f"{_INSTALL}."
            )
        _log.warning(
            "turns are not traced, although OTEL_* variables ask for it: OpenTelemetry's %s "
            "exporter is not installed; %s.",
            *(protocol, _INSTALL),
        )
        return NoTracing()
    from mdsa.monitoring.tracing.content import Content
    from mdsa.monitoring.tracing.provider import open_provider
    from mdsa.monitoring.tracing.turn import OpenTelemetryTracing

    provider = open_provider(protocol)
    content = Content(settings.log_redaction()) if settings.trace_content else None
    return OpenTelemetryTracing(provider, content)


def _asked_by_opentelemetry() -> bool:
    exporters = _variable("OTEL_TRACES_EXPORTER")
    if exporters:
        return "otlp" in [name.strip() for name in exporters.split(",")]
    return any(_variable(name) for name in _ENDPOINTS)


def _protocol() -> str:
    name = (
        _variable("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
        or _variable("OTEL_EXPORTER_OTLP_PROTOCOL")
        or "http/protobuf"
    )
    if name not in ("http/protobuf", "grpc"):
        raise ConfigError(
            f"OTEL_EXPORTER_OTLP_PROTOCOL is {name!r}; use http/protobuf (the default) or grpc."
        )
    return name


def _exporter_package(protocol: str) -> str:
    kind = "grpc" if protocol == "grpc" else "http"
    return f"opentelemetry.exporter.otlp.proto.{kind}"


def _variable(name: str) -> str:
    return os.environ.get(name, "").strip()
