"""Traces of turns, as an OTLP endpoint receives them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fakes.agents import scripted
from fakes.command_line import run_command, write_small_app
from fakes.live_server import live_server
from fakes.otlp_receiver import Received, attributes, otlp_receiver
from fakes.web_agents import Clerk, web_agent
from langchain_core.messages import AIMessage
from langchain_core.messages.ai import UsageMetadata
from opentelemetry import trace
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from mdsa.core.orchestrator import TinyBERTOrchestrator
from mdsa.errors import ConfigError, ModelUnavailableError, SessionAccessError
from mdsa.settings import Settings

TRACE_ID, SPAN_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
DOMAIN_TURN = [
    "invoke_workflow mdsa",
    "classify",
    "gate",
    "invoke_agent orders",
    "orders/retrieve",
    "retrieval knowledge",
    "orders/generate",
    "chat",
    "orders/answer",
    "merge",
]


@pytest.fixture
def received(monkeypatch: pytest.MonkeyPatch) -> Iterator[Received]:
    with otlp_receiver() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        yield receiver


def agent_in(folder: Path, **changes: object) -> TinyBERTOrchestrator:
    return web_agent(folder, Clerk(), **changes)


def test_a_turn_is_one_trace_of_nodes_search_and_model(tmp_path: Path, received: Received) -> None:
    with agent_in(tmp_path) as agent:
        result = agent.process_request("an order", {"session_id": "s-1"})

    assert [span.name for span in received.spans] == DOMAIN_TURN
    assert set(received.paths) == {"/v1/traces"}
    assert len({span.trace_id for span in received.spans}) == 1
    assert received.path(received.named("chat")) == [
        "invoke_workflow mdsa",
        "invoke_agent orders",
        "orders/generate",
        "chat",
    ]
    assert received.path(received.named("retrieval knowledge"))[-2:] == [
        "orders/retrieve",
        "retrieval knowledge",
    ]
    (turn,) = received.roots
    told = attributes(turn)
    expected = {
        "gen_ai.operation.name": "invoke_workflow",
        "gen_ai.conversation.id": "s-1",
        "mdsa.request_id": result["request_id"],
        "mdsa.routing.decision": "direct",
        "mdsa.routing.domains": ["orders"],
        "mdsa.degraded": False,
    }
    assert {name: told.get(name) for name in expected} == expected
    assert all(span.start_time_unix_nano <= span.end_time_unix_nano for span in received.spans)
    assert all(span.status.code != Status.STATUS_CODE_ERROR for span in received.spans)
    (resource,) = received.requests[0].resource_spans
    assert ("service.name", "mdsa") in [
        (item.key, item.value.string_value) for item in resource.resource.attributes
    ]


def test_a_model_call_tells_its_model_and_tokens(tmp_path: Path, received: Received) -> None:
    reply = AIMessage(
        "All paid.",
        usage_metadata=UsageMetadata(input_tokens=7, output_tokens=3, total_tokens=10),
        response_metadata={"model_name": "small-1", "finish_reason": "length"},
    )
    with agent_in(tmp_path) as agent:
        agent.models.register("told", lambda _name, _: scripted(reply))
        agent.register_domain("tax", "Taxes", ["tax"], "told://x", temperature=0.25)
        agent.process_request("my tax")

    found = attributes(received.named("chat"))
    expected = {
        "gen_ai.operation.name": "chat",
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 3,
        "gen_ai.response.model": "small-1",
        "gen_ai.response.finish_reasons": ["length"],
        "openinference.span.kind": "LLM",
    }
    assert {name: found.get(name) for name in expected} == expected
    turn = attributes(received.roots[0])
    assert (turn["gen_ai.usage.input_tokens"], turn["gen_ai.usage.output_tokens"]) == (7, 3)


async def test_streams_and_async_turns_are_traced_alike(tmp_path: Path, received: Received) -> None:
    with agent_in(tmp_path) as agent:
        await agent.aprocess_request("an order")
        assert [event async for event in agent.astream_request("an order")]
        assert list(agent.stream_request("an order"))

    assert len(received.roots) == 3
    for root in received.roots:
        names = [span.name for span in received.spans if span.trace_id == root.trace_id]
        assert names == DOMAIN_TURN


def test_nodes_of_a_domain_that_is_asked_alone_bear_its_name(
    tmp_path: Path, received: Received
) -> None:
    asked = {"input": {"messages": [{"type": "human", "content": "an order"}]}}
    with live_server(agent_in(tmp_path)) as url:
        answer = httpx.post(f"{url}/langserve/mdsa/orders/invoke", json=asked)
        assert answer.status_code == 200

    nodes = [attributes(span).get("mdsa.node") for span in received.spans]
    assert [node for node in nodes if node] == [
        "orders/retrieve",
        "orders/generate",
        "orders/answer",
    ]
    assert received.path(received.named("chat"))[-3:] == [
        "invoke_workflow mdsa",
        "orders/generate",
        "chat",
    ]


def test_nothing_that_was_said_is_in_a_trace(tmp_path: Path, received: Received) -> None:
    failing = scripted(ModelUnavailableError("no, zebra-4711 is not known"))
    with agent_in(tmp_path) as agent:
        agent.models.register("failing", lambda _name, _: failing)
        agent.register_domain("zoo", "Animals", ["zebra"], "failing://x")
        agent.rag.add_global_documents([{"content": "zebra-4711 lives in the zoo"}])
        agent.process_request(
            "zebra zebra-4711", {"session_id": "s-1", "user_id": "ann-4711", "fact": "zebra-4711"}
        )
        with pytest.raises(SessionAccessError, match="bob-4711"):
            agent.process_request("an order", {"session_id": "s-1", "user_id": "bob-4711"})

    failed = [span for span in received.spans if span.status.code == Status.STATUS_CODE_ERROR]
    assert [(span.name, attributes(span)["error.type"]) for span in failed] == [
        ("chat", "ModelUnavailableError"),
        ("invoke_workflow mdsa", "SessionAccessError"),
    ]
    assert not any(b"4711" in body for body in received.bodies)


def test_contents_are_there_where_they_are_asked_for(tmp_path: Path, received: Received) -> None:
    with agent_in(tmp_path, trace_content=True) as agent:
        agent.rag.add_global_documents([{"content": "Orders take two days."}])
        agent.process_request("an order")

    turn = attributes(received.roots[0])
    assert json.loads(turn["gen_ai.input.messages"]) == [
        {"role": "user", "parts": [{"type": "text", "content": "an order"}]}
    ]
    (answer,) = json.loads(turn["gen_ai.output.messages"])
    assert answer["parts"][0]["content"].startswith("answer to an order")
    search = attributes(received.named("retrieval knowledge"))
    assert search["gen_ai.retrieval.query.text"] == "an order"
    assert "two days" in search["gen_ai.retrieval.documents"]
    asked = attributes(received.named("chat"))
    assert "an order" in asked["gen_ai.input.messages"]
    assert json.loads(asked["gen_ai.system_instructions"])


def test_a_tool_that_waits_is_no_error_and_runs_in_the_resumed_turn(
    tmp_path: Path, received: Received
) -> None:
    with agent_in(tmp_path) as agent:
        waiting = agent.process_request("cancel my order", {"session_id": "s-1"})
        assert waiting["interrupts"]
        agent.resume("s-1", True)

    asked, resumed = received.roots
    assert attributes(asked)["mdsa.interrupts"] == 1
    assert attributes(resumed)["mdsa.resumed"] is True
    assert all(span.status.code != Status.STATUS_CODE_ERROR for span in received.spans)
    tool = received.named("execute_tool cancel")
    assert tool.trace_id == resumed.trace_id
    assert attributes(tool)["gen_ai.tool.name"] == "cancel"
    outcomes = [attributes(span).get("mdsa.outcome") for span in received.spans]
    assert "interrupted" in outcomes


def test_a_turn_lies_below_the_span_of_its_caller(tmp_path: Path, received: Received) -> None:
    around = trace.SpanContext(
        int(TRACE_ID, 16), int(SPAN_ID, 16), is_remote=False, trace_flags=trace.TraceFlags(1)
    )
    with agent_in(tmp_path) as agent, trace.use_span(trace.NonRecordingSpan(around)):
        agent.process_request("an order")

    turn = received.named("invoke_workflow mdsa")
    assert (turn.trace_id.hex(), turn.parent_span_id.hex()) == (TRACE_ID, SPAN_ID)


def test_the_command_line_is_traced(tmp_path: Path, received: Received) -> None:
    answer = run_command("ask", "--app", write_small_app(tmp_path), "--json", "Where is my order?")

    assert answer.exit_code == 0
    turn = received.named("invoke_workflow mdsa")
    assert attributes(turn)["mdsa.request_id"] == json.loads(answer.stdout)["request_id"]


@pytest.mark.parametrize("route", ["/chat", "/chat/stream"])
def test_a_traceparent_goes_on_through_the_server(
    tmp_path: Path, received: Received, route: str
) -> None:
    headers = {"traceparent": f"00-{TRACE_ID}-{SPAN_ID}-01", "X-Request-ID": "req-1"}
    with live_server(agent_in(tmp_path)) as url:
        answer = httpx.post(url + route, json={"message": "an order"}, headers=headers)
        assert answer.status_code == 200
        assert httpx.get(url + "/health").status_code == 200
        assert httpx.post(url + route, json={}).status_code == 422

    request, refused = [span for span in received.spans if span.name == f"POST {route}"]
    assert (request.trace_id.hex(), request.parent_span_id.hex()) == (TRACE_ID, SPAN_ID)
    assert attributes(request) == {
        "http.request.method": "POST",
        "http.route": route,
        "http.response.status_code": 200,
        "mdsa.http.request_id": "req-1",
    }
    chat = received.named("chat")
    assert received.path(chat)[:2] == [f"POST {route}", "invoke_workflow mdsa"]
    assert attributes(refused)["http.response.status_code"] == 422
    assert refused.trace_id != request.trace_id
    assert not any("health" in span.name for span in received.spans)


@pytest.mark.parametrize(
    ("tracing", "variables", "traced"),
    [
        (None, {}, True),
        (False, {}, False),
        (None, {"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        (None, {"OTEL_TRACES_EXPORTER": "none"}, False),
        (True, {"OTEL_TRACES_EXPORTER": "none"}, True),
        (True, {"OTEL_SDK_DISABLED": "true"}, False),
        (None, {"OTEL_TRACES_SAMPLER": "always_off"}, False),
    ],
)
def test_settings_and_variables_decide(
    tmp_path: Path,
    received: Received,
    monkeypatch: pytest.MonkeyPatch,
    tracing: bool | None,
    variables: dict[str, str],
    traced: bool,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    with agent_in(tmp_path, tracing=tracing) as agent:
        agent.process_request("an order")

    assert bool(received.spans) is traced


def test_an_endpoint_that_is_down_costs_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.2")

    with agent_in(tmp_path) as agent:
        assert agent.process_request("an order")["response"].startswith("answer to")


def test_a_protocol_that_does_not_exist_is_refused(
    tmp_path: Path, received: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")

    with agent_in(tmp_path) as agent, pytest.raises(ConfigError, match=r"http/json.*grpc"):
        agent.process_request("an order")


def test_off_is_the_default() -> None:
    assert Settings().tracing is None
    assert Settings().trace_content is False
