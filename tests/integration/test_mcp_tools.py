"""Tools of a real MCP server, started as a process of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from pydantic import ValidationError

from mdsa.errors import ConfigError, ToolArgumentError, ToolError, ToolTimeoutError
from mdsa.tools import McpServerConfig, Tool, ToolRegistry, load_mcp_tools

SERVER = Path(__file__).parents[1] / "fakes" / "mcp_weather_server.py"


def weather(variant: str = "normal", **options: Any) -> McpServerConfig:
    return McpServerConfig(command=sys.executable, args=[str(SERVER), variant], **options)


async def load(config: McpServerConfig, name: str = "weather") -> dict[str, Tool]:
    return {tool.name: tool for tool in await load_mcp_tools({name: config})}


async def test_tools_run_and_check_their_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATION_NAME", "Bergen")
    tools = await load(weather(env={"STATION": "at ${STATION_NAME}"}))
    assert set(tools) == {"forecast", "report", "broken", "slow", "header"}
    result = await tools["forecast"].aexecute({"city": "Oslo"})
    assert result == {"city": "Oslo", "days": 1, "sky": "clear", "station": "at Bergen"}
    with pytest.raises(ToolArgumentError, match="days"):
        await tools["forecast"].aexecute({"city": "Oslo", "days": "2"})
    assert "filed x" in str(tools["report"].execute({"config": "x"}))
    with pytest.raises(ToolError, match="barometer"):
        await tools["broken"].aexecute({})


@pytest.fixture
def http_port() -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    server = subprocess.Popen([sys.executable, str(SERVER), "http", str(port)])
    try:
        for _ in range(300):
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port
    finally:
        server.terminate()
        server.wait(30)


async def test_a_server_is_reached_over_http(
    http_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEATHER_TOKEN", "hush")
    config = McpServerConfig(
        transport="streamable_http",
        url=f"http://127.0.0.1:{http_port}/mcp",
        headers={"Authorization": "Bearer ${WEATHER_TOKEN}"},
    )
    tools = await load(config)
    assert (await tools["forecast"].aexecute({"city": "Oslo"}))["sky"] == "clear"
    assert await tools["header"].aexecute({"name": "authorization"}) == {"result": "Bearer hush"}


async def test_what_writes_follows_the_server_or_the_settings() -> None:
    tools = await load(weather())
    assert (tools["forecast"].writes, tools["report"].writes) == (False, True)
    tools = await load(weather(writes=True, tools=["forecast"]))
    assert {name: tool.writes for name, tool in tools.items()} == {"forecast": True}


async def test_names_get_a_prefix_where_they_collide_or_where_it_is_asked_for() -> None:
    both = await load_mcp_tools(
        {
            "north": weather(tools=["forecast", "report"]),
            "south": weather(tools=["forecast"]),
        }
    )
    assert [tool.name for tool in both] == ["north_forecast", "report", "south_forecast"]
    assert set(await load(weather(prefix=True, tools=["slow"]))) == {"weather_slow"}


async def test_a_server_failure_in_a_graph_is_an_error_message() -> None:
    registry = ToolRegistry()
    tools = await load(weather(tools=["broken", "forecast"]))
    for tool in tools.values():
        registry.register(tool)
    builder = StateGraph(MessagesState)
    builder.add_node("tools", ToolNode(registry.langchain_tools(registry.names())))
    builder.add_edge(START, "tools")
    builder.add_edge("tools", END)
    calls = [
        {"name": "broken", "args": {}, "id": "1", "type": "tool_call"},
        {"name": "forecast", "args": {"city": "Oslo"}, "id": "2", "type": "tool_call"},
    ]
    result = await builder.compile().ainvoke({"messages": [AIMessage("", tool_calls=calls)]})
    failed, succeeded = result["messages"][-2:]
    assert (failed.status, succeeded.status) == ("error", "success")
    assert "barometer" in failed.content
    assert '"sky": "clear"' in succeeded.content


async def test_a_slow_call_is_given_up_on() -> None:
    tools = await load(weather(tools=["slow"], timeout_s=2.5))
    with pytest.raises(ToolTimeoutError):
        await tools["slow"].aexecute({})


@pytest.mark.parametrize(
    ("config", "error", "part"),
    [
        (McpServerConfig(command="no-such-program-anywhere"), ConfigError, "no-such-program"),
        (weather(cwd=Path("no/such/folder")), ConfigError, "no/such/folder"),
        (weather("crash"), ToolError, "mcp_weather_server.py"),
        (weather("hang", start_timeout_s=1.5), ToolError, "1.5 s"),
        (weather(tools=["forecasts"]), ConfigError, "forecasts"),
        (weather(env={"TOKEN": "${NO_SUCH_VARIABLE}"}), ConfigError, "NO_SUCH_VARIABLE"),
        (
            McpServerConfig(transport="streamable_http", url="http://127.0.0.1:9/mcp"),
            ToolError,
            "127.0.0.1:9",
        ),
    ],
    ids=["program", "folder", "crash", "hang", "tool", "variable", "port"],
)
async def test_a_server_that_cannot_be_used_is_named(
    config: McpServerConfig, error: type[Exception], part: str
) -> None:
    with pytest.raises(error) as caught:
        await load_mcp_tools({"weather": config})
    assert "'weather'" in str(caught.value)
    assert part in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({}, "command is missing"),
        ({"transport": "streamable_http"}, "url is missing"),
        ({"transport": "streamable_http", "url": "ftp://x"}, "url"),
        ({"command": "x", "url": "http://x"}, "url"),
        ({"transport": "streamable_http", "url": "http://x", "args": ["a"]}, "args"),
        ({"command": "x", "timeout": 5}, "timeout"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, Any], part: str) -> None:
    with pytest.raises(ValidationError, match=part):
        McpServerConfig(**settings)


def test_secrets_are_not_shown() -> None:
    config = McpServerConfig(
        transport="streamable_http", url="http://x", headers={"Authorization": "hush"}
    )
    assert "hush" not in repr(config)
