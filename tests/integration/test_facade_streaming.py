"""Events of a turn: their order, and what becomes of a stream that nobody reads to its end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from fakes.agents import make_agent, scripted
from fakes.chat_models import ScriptedChatModel, calls
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGenerationChunk
from pydantic import Field

from mdsa.core.orchestrator import TinyBERTOrchestrator
from mdsa.errors import ModelUnavailableError
from mdsa.tools import Tool, ToolRegistry


def clerk(messages: list[BaseMessage]) -> AIMessage:
    last = messages[-1]
    if isinstance(last, ToolMessage):
        return AIMessage(f"the tool says {last.text}")
    if "look" in str(last.text):
        return calls(("look_up", "call-1", {}))
    if "cancel" in str(last.text):
        return calls(("cancel", "call-2", {}))
    return AIMessage("one two three")


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[TinyBERTOrchestrator]:
    tools = ToolRegistry()
    tools.register(Tool("look_up", "Look up.", lambda: "seven", {}))
    tools.register(Tool("cancel", "Cancel.", lambda: "done", {}, writes=True))
    models = {"clerk": scripted(clerk), "down": scripted(ModelUnavailableError("no server"))}
    with make_agent(tmp_path, models=models, tools=tools) as agent:
        agent.register_domain(
            "orders", "Orders", ["order"], "fake://clerk", tools=["look_up", "cancel"]
        )
        agent.register_domain("weather", "Weather", ["rain"], "fake://down")
        yield agent


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in events if event["type"] != "node"]


def test_a_turn_is_told_in_order(agent: TinyBERTOrchestrator):
    events = list(agent.stream_request("an order"))

    assert kinds(events) == ["route", "token", "token", "token", "final"]
    assert "".join(event["text"] for event in events if event["type"] == "token") == "one two three"
    nodes = [event["node"] for event in events if event["type"] == "node"]
    expected = ["classify", "gate", "orders/retrieve", "orders/generate", "orders/answer", "orders"]
    assert nodes == [*expected, "merge"]
    assert events[-1]["result"]["response"] == "one two three"
    json.dumps(events)


def test_the_final_event_is_what_the_plain_call_gives(agent: TinyBERTOrchestrator):
    streamed = list(agent.stream_request("an order"))[-1]["result"]
    plain = agent.process_request("an order")

    own = {"latency_ms", "node_latency_ms", "request_id", "session_id"}
    assert streamed.keys() == plain.keys()
    assert {k: v for k, v in streamed.items() if k not in own} == {
        k: v for k, v in plain.items() if k not in own
    }


def test_a_tool_is_told_between_route_and_answer(agent: TinyBERTOrchestrator):
    events = list(agent.stream_request("look order"))

    (tool,) = [event for event in events if event["type"] == "tool"]
    assert (tool["domain"], tool["name"], tool["status"]) == ("orders", "look_up", "success")
    assert "seven" in tool["content"]
    order = kinds(events)
    assert order.index("route") < order.index("tool") < order.index("token")
    assert "seven" in events[-1]["result"]["response"]


def test_a_call_that_waits_is_told_before_the_end(agent: TinyBERTOrchestrator):
    events = list(agent.stream_request("cancel order", {"session_id": "s"}))

    assert [event["type"] for event in events][-2:] == ["interrupt", "final"]
    assert events[-2]["calls"] == [{"id": "call-2", "name": "cancel", "args": {}}]
    assert events[-1]["result"]["interrupts"][0]["domain"] == "orders"
    assert "done" in agent.resume("s", True)["response"]


def test_a_model_that_fails_is_replaced_within_the_stream(agent: TinyBERTOrchestrator):
    events = list(agent.stream_request("rain?"))

    assert events[-1]["type"] == "final"
    assert events[-1]["result"]["degraded"] is True


class BreaksOff(ScriptedChatModel):
    """Streams the beginning of an answer, and then its connection is cut."""

    replies: list[Any] = Field(default_factory=lambda: ["unused"])

    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        for word in ("The ", "wrong "):
            yield ChatGenerationChunk(message=AIMessageChunk(word))
        raise ModelUnavailableError("the stream was cut")


def test_what_a_model_said_before_it_failed_is_taken_back(tmp_path: Path):
    models = {"cut": BreaksOff(), "good": scripted("The right answer")}
    with make_agent(tmp_path, models=models) as agent:
        agent.register_domain("orders", "Orders", ["order"], "fake://cut", fallback=["fake://good"])
        events = list(agent.stream_request("an order"))

    told = [event for event in events if event["type"] in ("token", "restart")]
    assert [event["type"] for event in told] == [*["token"] * 2, "restart", *["token"] * 3]
    assert {event["node"] for event in told} == {"orders/generate"}
    assert "".join(event["text"] for event in told[3:]) == "The right answer"
    result = events[-1]["result"]
    assert result["response"] == "The right answer"
    assert result["models"] == ["fake://good"]
    assert result["failures"] == [{"model": "fake://cut", "reason": "unavailable"}]


def test_a_failure_before_the_first_token_takes_nothing_back(agent: TinyBERTOrchestrator):
    assert "restart" not in kinds(list(agent.stream_request("rain?")))


async def test_the_async_stream_tells_the_same(agent: TinyBERTOrchestrator):
    events = [event async for event in agent.astream_request("an order")]

    assert kinds(events) == kinds(list(agent.stream_request("an order")))


@pytest.mark.parametrize("read", [1, 2, 3, 5, 8])
def test_a_stream_closed_early_frees_its_session(agent: TinyBERTOrchestrator, read: int):
    for _ in range(3):
        events = agent.stream_request("an order", {"session_id": "s"})
        assert len(list(islice(events, read))) == read
        events.close()  # type: ignore[attr-defined]  # a generator behind the Iterator type

        assert agent.process_request("an order", {"session_id": "s"})["response"] == "one two three"


async def test_an_async_stream_closed_early_frees_its_session(agent: TinyBERTOrchestrator):
    for _ in range(5):
        events = agent.astream_request("an order", {"session_id": "s"})
        await anext(events)
        await events.aclose()  # type: ignore[attr-defined]  # a generator behind the Iterator type

        result = await agent.aprocess_request("an order", {"session_id": "s"})
        assert result["response"] == "one two three"


async def test_a_slow_reader_does_not_hold_up_the_turn(agent: TinyBERTOrchestrator):
    events = agent.astream_request("an order", {"session_id": "s"})
    first = await anext(events)
    result = await asyncio.wait_for(
        agent.aprocess_request("another order", {"session_id": "s"}), timeout=60
    )

    assert result["response"] == "one two three"
    rest = [event async for event in events]
    assert rest[-1]["type"] == "final"
    assert first["type"] == "node"


def test_a_stream_that_is_never_begun_asks_nothing(agent: TinyBERTOrchestrator):
    agent.stream_request("an order")

    assert agent.get_stats()["requests_total"] == 0


def test_an_error_comes_out_of_the_stream(tmp_path: Path):
    models = {"broken": scripted(RuntimeError("the wire is cut"))}
    with make_agent(tmp_path, models=models) as agent:
        agent.register_domain("orders", "Orders", ["order"], "fake://broken")
        events = agent.stream_request("an order", {"session_id": "s"})
        with pytest.raises(RuntimeError, match="the wire is cut"):
            list(events)
        assert agent.get_stats()["errors"] == {"RuntimeError": 1}
        assert [m["content"] for m in agent.sessions.show("s").messages] == ["an order"]
