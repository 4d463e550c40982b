"""Node metrics on real LangGraph runs: a domain's subgraph, retries, errors, interrupts."""

from __future__ import annotations

import asyncio
import operator
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, Literal

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import NodeTimeoutError
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, RetryPolicy, Send, TimeoutPolicy, interrupt
from typing_extensions import TypedDict

from mdsa.monitoring import MonitoringService, NodeMetricsHandler, TokenCount


class _State(TypedDict):
    seen: Annotated[list[str], operator.add]


_RETRY_AT_ONCE = RetryPolicy(initial_interval=0.001, backoff_factor=1, jitter=False)
_inner = RunnableLambda(lambda state: state, name="generate")


def _model(input_tokens: int, output_tokens: int) -> GenericFakeChatModel:
    answer = AIMessage(
        "yes",
        usage_metadata={
            "input_tokens": input_tokens,
            "output_tokens": output_tokens,
            "total_tokens": input_tokens + output_tokens,
        },
    )
    return GenericFakeChatModel(messages=iter([answer] * 10))


def _domain(name: str) -> Any:
    """A domain's subgraph: a node with a runnable of its own name inside, and a loop."""
    model = _model(7, 3)

    def retrieve(state: _State) -> _State:
        return {"seen": [f"{name}/retrieve"]}

    def generate(state: _State) -> _State:
        _inner.invoke(state)
        model.invoke("hello")
        return {"seen": [f"{name}/generate"]}

    def again(state: _State) -> Literal["generate", "__end__"]:
        return "generate" if state["seen"].count(f"{name}/generate") < 2 else END

    graph = StateGraph(_State)
    graph.add_node(retrieve)
    graph.add_node(generate)
    graph.add_edge(START, "retrieve")
    graph.add_edge("retrieve", "generate")
    graph.add_conditional_edges("generate", again)
    return graph.compile(name=name)


def _app() -> Any:
    """Classify, then two domains at once. An edge function is called like the node it leaves."""

    def classify(state: _State) -> list[Send]:
        return [Send("orders", {"seen": []}), Send("billing", {"seen": []})]

    graph = StateGraph(_State)
    graph.add_node("classify", lambda _: {"seen": ["classify"]})
    graph.add_node("orders", _domain("orders"))
    graph.add_node("billing", _domain("billing"))
    graph.add_edge(START, "classify")
    graph.add_conditional_edges("classify", classify, ["orders", "billing"])
    return graph.compile(name="mdsa")


_RUNS_OF_APP = {
    "classify": 1,
    "orders": 1,
    "orders/retrieve": 1,
    "orders/generate": 2,
    "billing": 1,
    "billing/retrieve": 1,
    "billing/generate": 2,
}


def _runs(nodes: dict[str, dict[str, Any]]) -> dict[str, int]:
    return {key: stats["count"] for key, stats in nodes.items()}


def test_a_nodes_own_run_counts_once_whatever_runs_inside_it() -> None:
    handler = NodeMetricsHandler()
    _app().invoke({"seen": []}, {"callbacks": [handler]})

    assert _runs(handler.node_stats()) == _RUNS_OF_APP


def test_nodes_of_a_domain_that_is_asked_alone_are_that_domains() -> None:
    handler = NodeMetricsHandler(domain="orders")
    _domain("orders").invoke({"seen": []}, {"callbacks": [handler]})

    assert _runs(handler.node_stats()) == {"orders/retrieve": 1, "orders/generate": 2}
    assert handler.node_stats()["orders/generate"]["model_calls"] == 2


async def test_async_runs_count_the_same() -> None:
    handler = NodeMetricsHandler()
    await _app().ainvoke({"seen": []}, {"callbacks": [handler]})

    assert _runs(handler.node_stats()) == _RUNS_OF_APP


def test_streamed_runs_count_the_same() -> None:
    handler = NodeMetricsHandler()
    for _ in _app().stream(
        {"seen": []}, {"callbacks": [handler]}, stream_mode=["messages", "updates"], subgraphs=True
    ):
        pass

    assert _runs(handler.node_stats()) == _RUNS_OF_APP


def test_a_graph_inside_another_application_keeps_the_path_to_it() -> None:
    outer = StateGraph(_State)
    outer.add_node("assistant", lambda state: _app().invoke(state))
    outer.add_edge(START, "assistant")
    handler = NodeMetricsHandler()
    outer.compile().invoke({"seen": []}, {"callbacks": [handler]})

    assert handler.node_stats()["assistant/orders/generate"]["count"] == 2


def test_tokens_belong_to_the_node_that_called_the_model() -> None:
    service = MonitoringService()
    handler = service.request_handler()
    _app().invoke({"seen": []}, {"callbacks": [handler]})

    nodes = handler.node_stats()
    assert nodes["orders/generate"]["model_calls"] == 2
    assert nodes["orders/generate"]["input_tokens"] == 14
    assert nodes["orders/generate"]["output_tokens"] == 6
    assert nodes["orders"]["model_calls"] == nodes["orders/retrieve"]["input_tokens"] == 0
    assert handler.tokens() == TokenCount(input=28, output=12)
    assert service.stats()["nodes"]["billing/generate"]["output_tokens"] == 6


def test_a_request_knows_its_own_latency_and_the_service_that_of_all() -> None:
    service = MonitoringService()
    app = _app()
    handlers = [service.request_handler() for _ in range(3)]
    for handler in handlers:
        app.invoke({"seen": []}, {"callbacks": [handler]})

    latencies = handlers[0].latency_by_node()
    nodes = service.stats()["nodes"]
    assert _runs(handlers[0].node_stats()) == _RUNS_OF_APP
    assert _runs(nodes) == {key: 3 * count for key, count in _RUNS_OF_APP.items()}
    assert latencies.keys() == _RUNS_OF_APP.keys()
    assert latencies["orders"] > latencies["orders/retrieve"] + latencies["orders/generate"] > 0
    assert nodes["orders"]["average_ms"] * 3 == pytest.approx(
        sum(handler.latency_by_node()["orders"] for handler in handlers)
    )


def _single(node: Any, **options: Any) -> Any:
    graph = StateGraph(_State)
    graph.add_node("step", node, **options)
    graph.add_edge(START, "step")
    return graph


def test_each_attempt_of_a_retried_node_counts_and_the_failed_ones_are_errors() -> None:
    failures = iter([ConnectionError("down"), ConnectionError("down")])

    def flaky(state: _State) -> _State:
        for failure in failures:
            raise failure
        return {"seen": ["at last"]}

    handler = NodeMetricsHandler()
    app = _single(flaky, retry_policy=_RETRY_AT_ONCE).compile()
    app.invoke({"seen": []}, {"callbacks": [handler]})

    assert handler.node_stats()["step"]["count"] == 3
    assert handler.node_stats()["step"]["errors"] == 2


def test_an_error_inside_a_domain_counts_for_the_node_and_for_the_domain() -> None:
    def fail(state: _State) -> _State:
        raise ValueError("broken")

    graph = StateGraph(_State)
    graph.add_node("orders", _single(fail).compile(name="orders"))
    graph.add_edge(START, "orders")
    handler = NodeMetricsHandler()
    with pytest.raises(ValueError, match="broken"):
        graph.compile().invoke({"seen": []}, {"callbacks": [handler]})

    nodes = handler.node_stats()
    assert {key: stats["errors"] for key, stats in nodes.items()} == {"orders": 1, "orders/step": 1}


async def test_an_interrupt_is_no_error_and_resuming_counts_the_run_that_ends() -> None:
    def approve(state: _State) -> _State:
        return {"seen": [interrupt("cancel the order?")]}

    graph = StateGraph(_State)
    graph.add_node("orders", _single(approve).compile(name="orders"))
    graph.add_edge(START, "orders")
    app = graph.compile(checkpointer=InMemorySaver())
    handler = NodeMetricsHandler()
    config: Any = {"callbacks": [handler], "configurable": {"thread_id": "one"}}

    await app.ainvoke({"seen": []}, config)
    waiting = handler.node_stats()
    await app.ainvoke(Command(resume="yes"), config)
    done = handler.node_stats()

    for key in ("orders", "orders/step"):
        assert (waiting[key]["count"], waiting[key]["interrupts"]) == (1, 1)
        assert (done[key]["count"], done[key]["interrupts"]) == (2, 1)
        assert done[key]["errors"] == 0


def test_a_command_to_the_parent_graph_is_no_error() -> None:
    def hand_over(state: _State) -> Command[str]:
        return Command(graph=Command.PARENT, goto="after", update={"seen": ["handed over"]})

    graph = StateGraph(_State)
    graph.add_node("orders", _single(hand_over).compile(name="orders"))
    graph.add_node("after", lambda _: {"seen": ["after"]})
    graph.add_edge(START, "orders")
    handler = NodeMetricsHandler()
    result = graph.compile().invoke({"seen": []}, {"callbacks": [handler]})

    assert result["seen"] == ["handed over", "after"]
    assert [stats["errors"] for stats in handler.node_stats().values()] == [0, 0, 0]


async def test_a_node_that_langgraph_stops_for_time_is_cancelled() -> None:
    async def endless(state: _State) -> _State:
        await asyncio.Event().wait()
        return state

    app = _single(endless, timeout=TimeoutPolicy(run_timeout=timedelta(milliseconds=20))).compile()
    handler = NodeMetricsHandler()
    with pytest.raises(NodeTimeoutError):
        await app.ainvoke({"seen": []}, {"callbacks": [handler]})

    assert handler.node_stats()["step"]["cancelled"] == 1
    assert handler.node_stats()["step"]["errors"] == 0


def test_a_model_call_that_fails_counts_no_tokens_and_leaves_nothing_behind() -> None:
    def server_down() -> Iterator[AIMessage]:
        raise ConnectionError("server down")
        yield

    model = GenericFakeChatModel(messages=server_down())

    def ask(state: _State) -> _State:
        try:
            model.invoke("hello")
        except ConnectionError:
            return {"seen": ["fallback"]}
        return state

    handler = NodeMetricsHandler()
    _single(ask).compile().invoke({"seen": []}, {"callbacks": [handler]})

    assert handler.node_stats()["step"]["model_calls"] == 0
    assert handler.tokens() == TokenCount(0, 0)


def test_runs_outside_a_graph_are_not_nodes() -> None:
    handler = NodeMetricsHandler()
    _inner.invoke({}, {"callbacks": [handler]})
    _model(1, 1).invoke("hello", {"callbacks": [handler]})

    assert handler.node_stats() == {}
