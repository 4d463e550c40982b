"""The registry: names, running, and what comes back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.tools import tool as langchain_tool

from mdsa.errors import (
    DuplicateNameError,
    InvalidInputError,
    ToolArgumentError,
    ToolExecutionError,
    UnknownNameError,
)
from mdsa.tools import Tool, ToolRegistry, ToolResult


def get_order_status(order_id: str) -> dict[str, str]:
    """Get order status by ID"""
    if order_id == "broken":
        raise RuntimeError("disk on fire")
    return {"order_id": order_id, "status": "In Transit"}


@pytest.fixture
def registry() -> ToolRegistry:
    registry = ToolRegistry()
    registry.register(
        Tool(
            name="get_order_status",
            description="Retrieve the current status of an order by ID",
            function=get_order_status,
            parameters={"order_id": {"type": "string", "description": "The order ID to lookup"}},
        )
    )
    return registry


async def test_execute_returns_what_the_function_returns(registry: ToolRegistry) -> None:
    expected = {"order_id": "ORD-12345", "status": "In Transit"}
    assert registry.execute("get_order_status", order_id="ORD-12345") == expected
    assert await registry.aexecute("get_order_status", order_id="ORD-12345") == expected


async def test_execute_raises(registry: ToolRegistry) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'get_order_status'"):
        registry.execute("get_order_statu", order_id="1")
    with pytest.raises(ToolArgumentError):
        await registry.aexecute("get_order_status")
    with pytest.raises(ToolExecutionError):
        registry.execute("get_order_status", order_id="broken")


async def test_run_gives_success_and_failure_as_data(registry: ToolRegistry) -> None:
    for result in (
        registry.run("get_order_status", {"order_id": "1"}),
        await registry.arun("get_order_status", {"order_id": "1"}),
    ):
        assert (result.name, result.args, result.ok, result.error) == (
            "get_order_status",
            {"order_id": "1"},
            True,
            None,
        )
        assert result.value == {"order_id": "1", "status": "In Transit"}
        assert result.latency_ms > 0
    failures: list[tuple[str, Any, str]] = [
        ("get_order_status", {"order_id": "broken"}, "disk on fire"),
        ("get_order_status", {}, "missing"),
        ("get_order_status", ["1"], "object"),
        ("delete_all", {}, "unknown tool 'delete_all'"),
    ]
    for name, args, part in failures:
        for result in (registry.run(name, args), await registry.arun(name, args)):
            assert isinstance(result, ToolResult)
            assert not result.ok
            assert result.value is None
            assert part in (result.error or "")


def test_an_argument_may_be_called_name_or_tool() -> None:
    registry = ToolRegistry()
    registry.register(
        Tool(
            "greet",
            "Greets.",
            lambda name, tool: f"{name} {tool}",
            {"name": {"type": "string"}, "tool": {"type": "string"}},
        )
    )
    assert registry.execute("greet", name="Ana", tool="axe") == "Ana axe"


def test_names_are_taken_once(registry: ToolRegistry) -> None:
    with pytest.raises(DuplicateNameError):
        registry.register(get_order_status)
    registry.unregister("get_order_status")
    assert "get_order_status" not in registry
    with pytest.raises(UnknownNameError):
        registry.unregister("get_order_status")
    registry.register(get_order_status)
    assert registry.names() == ["get_order_status"]
    assert len(registry) == 1


def test_register_takes_functions_and_langchain_tools_and_decorates(
    registry: ToolRegistry,
) -> None:
    @registry.register
    def upper(text: str) -> str:
        """Upper case."""
        return text.upper()

    @registry.register(writes=True, name="remember_text")
    def remember(text: str) -> str:
        """Remember."""
        return text

    @registry.register(timeout_s=3)
    @langchain_tool
    def lower(text: str) -> str:
        """Lower case."""
        return text.lower()

    assert upper("a") == "A"
    assert registry.names() == ["get_order_status", "upper", "remember_text", "lower"]
    assert [entry["writes"] for entry in registry.describe()] == [False, False, True, False]
    assert registry.get("lower").timeout_s == 3
    assert registry.execute("lower", text="B") == "b"


def test_what_is_no_tool_is_refused(registry: ToolRegistry) -> None:
    no_tool: Any = 5
    with pytest.raises(InvalidInputError, match="5 is not a tool"):
        registry.register(no_tool)
    with pytest.raises(InvalidInputError, match="writes"):
        registry.register(registry.get("get_order_status"), writes=True)


def test_threads_cannot_register_a_name_twice() -> None:
    registry = ToolRegistry()
    barrier = threading.Barrier(8)
    refused: list[DuplicateNameError] = []

    def register(function: Callable[..., Any]) -> None:
        made = Tool("same", "Same.", function, {})
        barrier.wait()
        try:
            registry.register(made)
        except DuplicateNameError as error:
            refused.append(error)

    threads = [threading.Thread(target=register, args=(lambda: 1,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 7


def test_langchain_tools_are_those_named_in_that_order(registry: ToolRegistry) -> None:
    registry.register(Tool("wipe", "Wipes.", lambda: None, {}, writes=True))
    registry.register(Tool("other", "Other.", lambda: None, {}))
    tools = registry.langchain_tools(["wipe", "get_order_status"])
    assert [tool.name for tool in tools] == ["wipe", "get_order_status"]
    assert [tool.metadata for tool in tools] == [{"writes": True}, {"writes": False}]
    assert tools[1].args_schema == registry.get("get_order_status").parameters
    with pytest.raises(UnknownNameError):
        registry.langchain_tools(["wipes"])
