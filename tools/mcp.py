"""Tools of MCP servers that an app file names.

Every call opens a session of its own, and for stdio starts the server's process anew: nothing has
to be kept alive or closed, at the price of the server's start on each call. Servers that start
slowly are better run as services and reached by `streamable_http`.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mdsa.errors import ConfigError, InvalidInputError, ToolError
from mdsa.tools.tool import Tool

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

__all__ = ["McpServerConfig", "load_mcp_tools"]

_VARIABLE = re.compile(r"\$\{([^}]+)\}")


class McpServerConfig(BaseModel):
    """An MCP server: how to reach it, and which of its tools to take."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    transport: Literal["stdio", "streamable_http"] = "stdio"
    command: str | None = Field(
        default=None, min_length=1, description="stdio: the program to start."
    )
    args: list[str] = Field(default_factory=list, description="stdio: its arguments.")
    env: dict[str, str] = Field(
        default_factory=dict,
        repr=False,
        description="stdio: its environment, beside a few harmless variables of this process; "
        "`${NAME}` stands for a variable of this process.",
    )
    cwd: Path | None = Field(default=None, description="stdio: the folder that it starts in.")
    url: str | None = Field(
        default=None, pattern=r"^https?://", description="streamable_http: the endpoint."
    )
    headers: dict[str, str] = Field(
        default_factory=dict,
        repr=False,
        description="streamable_http: headers of every request; `${NAME}` as in env.",
    )
    tools: list[str] | None = Field(
        default=None, description="The tools to take, by the server's names; None takes all."
    )
    writes: bool | None = Field(
        default=None,
        description="Whether its tools change anything and so ask for approval. None believes a "
        "tool that the server marks as read-only, and takes every other for one that writes.",
    )
    prefix: bool = Field(
        default=False,
        description="Put the server's name before the tools' names; done anyway where two servers "
        "have a tool of the same name.",
    )
    timeout_s: float = Field(default=30.0, gt=0, description="Longest call, start included.")
    start_timeout_s: float = Field(default=20.0, gt=0, description="Longest start and listing.")

    @model_validator(mode="after")
    def _matches_transport(self) -> McpServerConfig:
        stdio = {"command": self.command, "args": self.args, "env": self.env, "cwd": self.cwd}
        http = {"url": self.url, "headers": self.headers}
        needed, foreign = ("command", http) if self.transport == "stdio" else ("url", stdio)
        if not getattr(self, needed):
            raise ValueError(f"{needed} is missing, which transport {self.transport} needs")
        if given := [key for key, value in foreign.items() if value]:
            raise ValueError(f"{given} have no meaning for transport {self.transport}")
        return self


async def load_mcp_tools(servers: Mapping[str, McpServerConfig]) -> list[Tool]:
    """Start or reach each server once, and take its tools.

    Args:
        servers: name to server.

    Returns:
        Asynchronous tools, by server in the given order. They run from synchronous code too.

    Raises:
        ConfigError: a server's settings are wrong: program not found, variable not set, tool not
            offered, or a tool that cannot be used.
        ToolError: a server does not start, answer or finish in time.
    """
    loaded = await asyncio.gather(*(_list_tools(name, server) for name, server in servers.items()))
    counts = Counter(tool.name for tools in loaded for tool in tools)
    return [
        _make(name, server, tool, prefixed=server.prefix or counts[tool.name] > 1)
        for (name, server), tools in zip(servers.items(), loaded, strict=True)
        for tool in tools
    ]


async def _list_tools(name: str, server: McpServerConfig) -> list[BaseTool]:
    connection = _connection(name, server)
    # In a thread, because importing blocks, and servers such as `langgraph dev` forbid it here.
    adapters = await asyncio.to_thread(importlib.import_module, "langchain_mcp_adapters.tools")
    try:
        async with asyncio.timeout(server.start_timeout_s):
            tools: list[BaseTool] = await adapters.load_mcp_tools(
                None, connection=connection, server_name=name, handle_tool_errors=False
            )
    except Exception as error:  # what a transport raises is open-ended; told as the server's
        raise await asyncio.to_thread(_unreachable, name, server, error) from error
    if server.tools is None:
        return tools
    offered = {tool.name: tool for tool in tools}
    if missing := [wanted for wanted in server.tools if wanted not in offered]:
        raise ConfigError(
            f"MCP server {name!r}: tools: {missing} are not offered; it offers {sorted(offered)}."
        )
    return [offered[wanted] for wanted in server.tools]


def _connection(name: str, server: McpServerConfig) -> Any:
    if server.transport == "streamable_http":
        return {
            "transport": "streamable_http",
            "url": server.url,
            "headers": _expand(name, "headers", server.headers) or None,
            "timeout": server.timeout_s,
            "sse_read_timeout": server.timeout_s,
        }
    return {
        "transport": "stdio",
        "command": server.command,
        "args": list(server.args),
        "env": _expand(name, "env", server.env) or None,
        "cwd": server.cwd,
    }


def _expand(name: str, key: str, values: Mapping[str, str]) -> dict[str, str]:
    def value_of(match: re.Match[str]) -> str:
        variable = match.group(1)
        if variable not in os.environ:
            raise ConfigError(
                f"MCP server {name!r}: {key}: environment variable {variable!r} is not set."
            )
        return os.environ[variable]

    return {header: _VARIABLE.sub(value_of, text) for header, text in values.items()}


def _make(name: str, server: McpServerConfig, tool: BaseTool, *, prefixed: bool) -> Tool:
    from langchain_core.tools import StructuredTool

    own_name = f"{name}_{tool.name}" if prefixed else tool.name
    writes = server.writes
    if writes is None:
        writes = (tool.metadata or {}).get("readOnlyHint") is not True
    schema = tool.args_schema
    if not (isinstance(schema, dict) and isinstance(tool, StructuredTool) and tool.coroutine):
        raise ConfigError(
            f"MCP server {name!r}: {tool.name!r} has an unknown form; this needs "
            "langchain-mcp-adapters 0.3."
        )
    if "runtime" in schema.get("properties", {}):
        raise ConfigError(
            f"MCP server {name!r}: {tool.name!r} has an argument called 'runtime', which "
            "langchain-mcp-adapters keeps for itself; leave the tool out with tools: […]."
        )
    try:
        return Tool(
            re.sub(r"[^A-Za-z0-9_-]", "_", own_name)[:64],
            tool.description.strip() or f"{tool.name} of the MCP server {name}.",
            _caller(tool.coroutine),
            {**schema, "type": "object"},
            writes=writes,
            timeout_s=server.timeout_s,
            fill_defaults=False,
        )
    except InvalidInputError as error:
        raise ConfigError(
            f"MCP server {name!r}: {error} Leave this tool out with tools: […]."
        ) from error


def _caller(coroutine: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    # Not through the LangChain tool, which would keep an argument called `config` to itself.
    async def call(**arguments: Any) -> Any:
        from mdsa.tools.langchain import content_value

        return content_value(*await coroutine(**arguments))

    return call


def _unreachable(name: str, server: McpServerConfig, error: Exception) -> ConfigError | ToolError:
    cause = _root(error)
    if isinstance(cause, FileNotFoundError | NotADirectoryError | PermissionError):
        wrong = "cwd" if server.cwd is not None and not server.cwd.is_dir() else "command"
        value = str(getattr(server, wrong))
        return ConfigError(f"MCP server {name!r}: {wrong}: {value!r} cannot be used: {cause}.")
    if isinstance(error, TimeoutError):
        return ToolError(
            f"MCP server {name!r} did not answer within {server.start_timeout_s:g} s; start it "
            "by hand to see why, or raise start_timeout_s."
        )
    target = server.url or " ".join([server.command or "", *server.args])
    return ToolError(
        f"MCP server {name!r} cannot be used: {type(cause).__name__}: {cause}; check {target!r}."
    )


def _root(error: BaseException) -> BaseException:
    """The first real error inside the groups that task groups raise."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
