"""Traces of turns, as an OTLP endpoint receives them over gRPC."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes.otlp_grpc_receiver import otlp_grpc_receiver
from fakes.otlp_receiver import attributes
from fakes.web_agents import Clerk, web_agent


def test_a_turn_is_sent_over_grpc_with_the_variables_of_opentelemetry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20abc")
    with otlp_grpc_receiver() as received:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", received.url)
        with web_agent(tmp_path, Clerk()) as agent:
            result = agent.process_request("an order", {"session_id": "s-1"})

        assert received.path(received.named("chat")) == [
            "invoke_workflow mdsa",
            "invoke_agent orders",
            "orders/generate",
            "chat",
        ]
        (turn,) = received.roots
        assert attributes(turn)["gen_ai.conversation.id"] == "s-1"
        assert attributes(turn)["mdsa.request_id"] == result["request_id"]
        assert {call["authorization"] for call in received.metadata} == {"Bearer abc"}


def test_a_grpc_endpoint_that_is_down_costs_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    with otlp_grpc_receiver() as gone:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", gone.url)
    with web_agent(tmp_path, Clerk()) as agent:
        assert agent.process_request("an order")["response"]
