"""Tools made from LangChain tools, and what a graph fills in for a tool."""

from __future__ import annotations

from typing import Annotated

import pytest
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import InjectedToolArg, StructuredTool, ToolException
from langchain_core.tools import Tool as SingleInputTool
from langchain_core.tools import tool as langchain_tool

from mdsa.errors import ToolArgumentError, ToolError, ToolExecutionError
from mdsa.tools import Tool


async def test_langchain_tools_keep_their_value_and_default() -> None:
    @langchain_tool
    def area(width: float, height: float = 2.0) -> dict[str, float]:
        """Area of a rectangle."""
        return {"area": width * height}

    tool = Tool.from_langchain(area, writes=True)
    assert (tool.name, tool.description, tool.writes) == ("area", "Area of a rectangle.", True)
    assert tool.execute({"width": 3}) == {"area": 6.0}
    assert await tool.aexecute({"width": 3, "height": 1}) == {"area": 3.0}
    with pytest.raises(ToolArgumentError, match="width"):
        tool.execute({"width": "3"})


def test_errors_of_langchain_tools_are_not_taken_for_results() -> None:
    @langchain_tool
    def fail() -> str:
        """Fail."""
        raise ToolException("out of paper")

    fail.handle_tool_error = True
    with pytest.raises(ToolExecutionError, match="out of paper"):
        Tool.from_langchain(fail).execute({})
    assert fail.handle_tool_error is True


async def test_asynchronous_langchain_tools_run_from_synchronous_code() -> None:
    async def shout(text: str) -> str:
        """Shout."""
        return text.upper()

    tool = Tool.from_langchain(StructuredTool.from_function(coroutine=shout))
    assert tool.execute({"text": "a"}) == "A"
    assert await tool.aexecute({"text": "b"}) == "B"


def test_artifacts_are_left_out_of_the_value() -> None:
    @langchain_tool(response_format="content_and_artifact")
    def look(query: str) -> tuple[str, list[int]]:
        """Look something up."""
        return f"found {query}", [1, 2]

    assert Tool.from_langchain(look).execute({"query": "x"}) == "found x"


def test_single_input_langchain_tools_work() -> None:
    single = SingleInputTool(name="upper", func=str.upper, description="Upper case.")
    tool = Tool.from_langchain(single)
    (argument,) = tool.parameters["properties"]
    assert tool.execute({argument: "a"}) == "A"


def test_injected_arguments_are_hidden_and_needed() -> None:
    def greet(greeting: str, user: Annotated[str, InjectedToolArg]) -> str:
        """Greet."""
        return f"{greeting} {user}"

    tool = Tool.from_function(greet)
    assert list(tool.parameters["properties"]) == ["greeting"]
    with pytest.raises(ToolArgumentError, match="user"):
        tool.execute({"greeting": "Hi", "user": "root"})
    with pytest.raises(ToolError, match="ToolNode"):
        tool.execute({"greeting": "Hi"})
    assert tool.execute({"greeting": "Hi"}, injected={"user": "Ana"}) == "Hi Ana"


def test_the_runnable_config_is_passed_on() -> None:
    def tagged(text: str, config: RunnableConfig) -> list[str]:
        """Return the tags of the run."""
        return [text, *config.get("tags", [])]

    assert Tool.from_function(tagged).execute({"text": "a"}) == ["a"]
