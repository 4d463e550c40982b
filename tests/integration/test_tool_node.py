"""Registered tools inside LangGraph's ToolNode: successes, failures, injection and interrupts."""

from __future__ import annotations

import json
import threading
from typing import Annotated, Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import BaseTool, InjectedToolCallId
from langchain_core.tools import tool as langchain_tool
from langchain_core.utils.function_calling import convert_to_openai_tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import InjectedState, ToolNode, ToolRuntime
from langgraph.types import Command, interrupt

from mdsa.tools import Tool, ToolRegistry


class State(MessagesState, total=False):
    tenant: str


def get_order_status(order_id: str) -> dict[str, str]:
    """Look up an order."""
    return {"order_id": order_id, "status": "Größe gewählt"}


def divide(a: int, b: int) -> float:
    """Divide."""
    return a / b


def configure(config: str, run_manager: str, callbacks: str, runtime: str) -> str:
    """Take arguments whose names LangChain and LangGraph use themselves."""
    return " ".join([config, run_manager, callbacks, runtime])


def call(name: str, args: dict[str, Any], call_id: str = "c1") -> dict[str, Any]:
    return {"name": name, "args": args, "id": call_id, "type": "tool_call"}


def graph_of(tools: list[BaseTool], **options: Any) -> Any:
    builder = StateGraph(State)
    builder.add_node("tools", ToolNode(tools, **options))
    builder.add_edge(START, "tools")
    builder.add_edge("tools", END)
    return builder.compile(checkpointer=InMemorySaver())


async def run_both(tools: list[BaseTool], *calls: dict[str, Any]) -> list[list[ToolMessage]]:
    """Run the calls with invoke and ainvoke; the ToolMessages of each."""
    graph = graph_of(tools)
    state = {
        "messages": [HumanMessage("hi"), AIMessage("", tool_calls=list(calls))],
        "tenant": "acme",
    }
    outputs = [
        graph.invoke(state, {"configurable": {"thread_id": "sync"}}),
        await graph.ainvoke(state, {"configurable": {"thread_id": "async"}}),
    ]
    return [[m for m in out["messages"] if isinstance(m, ToolMessage)] for out in outputs]


def tools_of(*items: Any) -> list[BaseTool]:
    registry = ToolRegistry()
    for item in items:
        registry.register(item)
    return registry.langchain_tools(registry.names())


async def test_a_result_is_json_text() -> None:
    for (message,) in await run_both(
        tools_of(get_order_status), call("get_order_status", {"order_id": "1"})
    ):
        assert message.status == "success"
        assert message.tool_call_id == "c1"
        assert message.name == "get_order_status"
        assert json.loads(str(message.content)) == {"order_id": "1", "status": "Größe gewählt"}
        assert "Größe" in str(message.content)


async def test_failures_become_error_messages_beside_successes() -> None:
    release = threading.Event()
    tools = tools_of(
        get_order_status,
        divide,
        Tool("wait", "Waits.", lambda: release.wait(60), {}, timeout_s=0.05),
    )
    try:
        both = await run_both(
            tools,
            call("get_order_status", {"order_id": 5}, "bad-args"),
            call("divide", {"a": 1, "b": 0}, "raises"),
            call("wait", {}, "slow"),
            call("drop_tables", {}, "unknown"),
            call("divide", {"a": 1, "b": 2}, "good"),
        )
    finally:
        release.set()
    for messages in both:
        by_id = {message.tool_call_id: message for message in messages}
        assert {key: message.status for key, message in by_id.items()} == {
            "bad-args": "error",
            "raises": "error",
            "slow": "error",
            "unknown": "error",
            "good": "success",
        }
        assert "'order_id' is 5" in by_id["bad-args"].content
        assert "ZeroDivisionError" in by_id["raises"].content
        assert "longer than" in by_id["slow"].content
        assert "drop_tables" in by_id["unknown"].content
        for message in messages:
            assert "Traceback" not in message.content
            assert ".py" not in message.content


@pytest.mark.parametrize("handling", [True, False])
async def test_failures_do_not_depend_on_how_the_node_handles_errors(handling: bool) -> None:
    graph = graph_of(tools_of(divide), handle_tool_errors=handling)
    state = {"messages": [AIMessage("", tool_calls=[call("divide", {"a": 1, "b": 0})])]}
    result = await graph.ainvoke(state, {"configurable": {"thread_id": "t"}})
    assert result["messages"][-1].status == "error"


async def test_arguments_may_have_names_that_the_libraries_use() -> None:
    names = ["config", "run_manager", "callbacks", "runtime"]
    tool = Tool("configure", "Configure.", configure, {name: {"type": "string"} for name in names})
    for (message,) in await run_both(
        tools_of(tool), call("configure", {name: name for name in names})
    ):
        assert message.content == "config run_manager callbacks runtime"


async def test_long_results_are_cut() -> None:
    tool = Tool("long", "Long.", lambda: "x" * 50, {}, max_result_chars=10)
    for (message,) in await run_both(tools_of(tool), call("long", {})):
        assert message.content.startswith("x" * 10 + "\n[Cut off")


async def test_an_interrupt_stops_the_graph_and_resumes() -> None:
    asked: list[str] = []

    def cancel(order_id: str) -> str:
        """Cancel after a question."""
        answer = interrupt({"question": f"Cancel {order_id}?"})
        asked.append(answer)
        return f"{order_id} {answer}"

    async def acancel(order_id: str) -> str:
        """Cancel after a question."""
        return cancel(order_id)

    state = {"messages": [AIMessage("", tool_calls=[call("cancel", {"order_id": "1"})])]}
    for function in (cancel, acancel):
        graph = graph_of(tools_of(Tool.from_function(function, name="cancel")))
        sync: dict[str, Any] = {"configurable": {"thread_id": "sync"}}
        asynchronous: dict[str, Any] = {"configurable": {"thread_id": "async"}}
        for stopped in (graph.invoke(state, sync), await graph.ainvoke(state, asynchronous)):
            assert stopped["__interrupt__"][0].value == {"question": "Cancel 1?"}
        resume: Command[Any] = Command(resume="yes")
        for resumed in (graph.invoke(resume, sync), await graph.ainvoke(resume, asynchronous)):
            assert resumed["messages"][-1].content == "1 yes"
            assert resumed["messages"][-1].status == "success"
    assert asked == ["yes"] * 4


async def test_injected_values_come_from_the_graph_not_from_the_model() -> None:
    def show(
        text: str,
        tenant: Annotated[str, InjectedState("tenant")],
        call_id: Annotated[str, InjectedToolCallId],
        runtime: ToolRuntime,
    ) -> str:
        """Show what was injected."""
        return f"{text} {tenant} {call_id} {runtime.state['tenant']}"

    forged = {"text": "hi", "tenant": "evil", "call_id": "forged", "runtime": "forged"}
    for made in (show, langchain_tool("show")(show)):
        tools = tools_of(made)
        schema = convert_to_openai_tool(tools[0])["function"]["parameters"]
        assert list(schema["properties"]) == ["text"]
        for (message,) in await run_both(tools, call("show", forged)):
            assert message.status == "success"
            assert message.content == "hi acme c1 acme"


async def test_commands_of_tools_reach_the_graph() -> None:
    @langchain_tool
    def choose(tenant: str, tool_call_id: Annotated[str, InjectedToolCallId]) -> Command[Any]:
        """Choose a tenant."""
        done = ToolMessage("chosen", tool_call_id=tool_call_id)
        return Command(update={"tenant": tenant, "messages": [done]})

    graph = graph_of(tools_of(choose))
    state = {"messages": [AIMessage("", tool_calls=[call("choose", {"tenant": "umbrella"})])]}
    result = await graph.ainvoke(state, {"configurable": {"thread_id": "t"}})
    assert result["tenant"] == "umbrella"
    assert result["messages"][-1].content == "chosen"


async def test_direct_invocation_returns_text_or_the_message() -> None:
    (tool,) = tools_of(get_order_status)
    assert json.loads(tool.invoke({"order_id": "1"}))["order_id"] == "1"
    message = await tool.ainvoke(call("get_order_status", {"order_id": "2"}))
    assert isinstance(message, ToolMessage)
    assert json.loads(str(message.content))["order_id"] == "2"


def test_models_see_name_description_and_schema() -> None:
    (tool,) = tools_of(get_order_status)
    assert convert_to_openai_tool(tool)["function"] == {
        "name": "get_order_status",
        "description": "Look up an order.",
        "parameters": {
            "type": "object",
            "properties": {"order_id": {"type": "string"}},
            "required": ["order_id"],
            "additionalProperties": False,
        },
    }
