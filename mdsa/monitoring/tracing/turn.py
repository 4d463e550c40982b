"""Spans of turns and of HTTP requests; those inside a turn are `handler`'s."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from mdsa import __version__
from mdsa.monitoring.tracing.content import Content
from mdsa.monitoring.tracing.handler import SpanHandler
from mdsa.monitoring.tracing.outcome import set_failure
from mdsa.monitoring.tracing.provider import Provider

__all__ = ["OpenTelemetryTracing"]

_SERVER_ERROR = 500


class OpenTelemetryTracing:
    """Traces by OpenTelemetry's conventions for generative AI.

    Args:
        provider: makes the spans.
        content: writes what users, models and tools said; None leaves it out.
    """

    def __init__(self, provider: Provider, content: Content | None) -> None:
        self._provider = provider
        self._tracer = provider.tracers.get_tracer("mdsa", __version__)
        self._content = content
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def turn(
        self,
        *,
        request_id: str,
        session_id: str,
        message: str | None,
        domains: Iterable[str],
        domain: str | None,
    ) -> Iterator[_Turn]:
        """Open the span of a turn; see `Tracing.turn`."""
        span = self._tracer.start_span(
            "invoke_workflow mdsa",
            attributes={
                "gen_ai.operation.name": "invoke_workflow",
                "gen_ai.workflow.name": "mdsa",
                "gen_ai.conversation.id": session_id,
                "openinference.span.kind": "CHAIN",
                "session.id": session_id,
                "mdsa.request_id": request_id,
                "mdsa.resumed": message is None,
            },
        )
        if self._content is not None and message is not None:
            span.set_attribute("gen_ai.input.messages", self._content.spoken("user", message))
        handler = SpanHandler(
            self._tracer,
            trace.set_span_in_context(span),
            frozenset(domains),
            self._content,
            domain=domain,
        )
        turn = _Turn(span, handler, self._content)
        try:
            # Spans that a tool makes of its own belong to the turn too.
            with trace.use_span(span, record_exception=False, set_status_on_exception=False):
                yield turn
        except BaseException as error:
            set_failure(span, error)
            raise
        finally:
            handler.close()
            span.end()

    @contextmanager
    def http_request(
        self, *, method: str, headers: Mapping[str, str], request_id: str
    ) -> Iterator[_Request]:
        """Open the span of an HTTP request; see `Tracing.http_request`."""
        span = self._tracer.start_span(
            method,
            context=self._propagator.extract(headers),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": method, "mdsa.http.request_id": request_id},
        )
        try:
            with trace.use_span(span, record_exception=False, set_status_on_exception=False):
                yield _Request(span, method)
        except BaseException as error:
            set_failure(span, error)
            raise
        finally:
            span.end()

    def close(self) -> None:
        """Send what was not sent yet; takes three seconds at most."""
        self._provider.close()


class _Turn:
    def __init__(self, span: Span, handler: SpanHandler, content: Content | None) -> None:
        self._span = span
        self._content = content
        self.callbacks: Sequence[BaseCallbackHandler] = [handler]

    def answered(self, result: Mapping[str, Any]) -> None:
        self._span.set_attributes(
            {
                "gen_ai.usage.input_tokens": result["input_tokens"],
                "gen_ai.usage.output_tokens": result["output_tokens"],
                "mdsa.routing.decision": result["decision"],
                "mdsa.routing.domains": list(result["domains"]),
                "mdsa.routing.confidence": result["confidence"],
                "mdsa.degraded": result["degraded"],
                "mdsa.models": list(result["models"]),
                "mdsa.interrupts": len(result["interrupts"]),
            }
        )
        if self._content is not None:
            text = self._content.spoken("assistant", result["response"], finish_reason="stop")
            self._span.set_attribute("gen_ai.output.messages", text)


class _Request:
    def __init__(self, span: Span, method: str) -> None:
        self._span = span
        self._method = method

    def ended(self, route: str, status: int) -> None:
        self._span.update_name(f"{self._method} {route}")
        self._span.set_attributes({"http.route": route, "http.response.status_code": status})
        if status >= _SERVER_ERROR:
            self._span.set_attribute("error.type", str(status))
            self._span.set_status(Status(StatusCode.ERROR))
