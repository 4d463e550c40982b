"""The tools of an application, by name."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, overload

from mdsa.errors import (
    DuplicateNameError,
    InvalidInputError,
    RegistryError,
    ToolError,
    UnknownNameError,
)
from mdsa.tools.results import ToolResult
from mdsa.tools.tool import Tool

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

__all__ = ["ToolClaim", "ToolRegistry", "as_tool"]

_T = TypeVar("_T", bound="Tool | BaseTool | Callable[..., Any]")


class ToolClaim:
    """Says that somebody counts on tools being there, for as long as the claim itself is held."""

    def __init__(self, by: str, names: Sequence[str]) -> None:
        self.by = by
        self.names = frozenset(names)


class ToolRegistry:
    """Tools by name. Thread-safe; a call runs outside the lock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tools: dict[str, Tool] = {}
        self._claims: weakref.WeakSet[ToolClaim] = weakref.WeakSet()

    @overload
    def register(self, tool: _T, /, **options: Any) -> _T: ...

    @overload
    def register(self, tool: None = None, /, **options: Any) -> Callable[[_T], _T]: ...

    def register(self, tool: Any = None, /, **options: Any) -> Any:
        """Add a tool. Also works as a decorator, with or without options.

        Args:
            tool: a `Tool`, a LangChain tool, or a typed function with a docstring.
            **options: as for `Tool`, for the last two kinds: `writes`, `timeout_s`, `name` …

        Returns:
            What was given, so that a decorated function stays callable.

        Raises:
            DuplicateNameError: the name is taken.
            InvalidInputError: it cannot be made into a tool.
        """
        if tool is None:
            return lambda decorated: self.register(decorated, **options)
        made = as_tool(tool, **options)
        with self._lock:
            if made.name in self._tools:
                raise DuplicateNameError("tool", made.name)
            self._tools[made.name] = made
        return tool

    def unregister(self, name: str) -> None:
        """Remove a tool; calls already running continue.

        Raises:
            UnknownNameError: no such tool.
            RegistryError: a registered domain depends on it.
        """
        with self._lock:
            if name not in self._tools:
                raise UnknownNameError("tool", name, self._tools)
            users = sorted(claim.by for claim in self._claims if name in claim.names)
            if users:
                raise RegistryError(
                    f"tool {name!r} cannot be removed, because {', '.join(users)} may call it; "
                    "remove that first, or register it without the tool."
                )
            del self._tools[name]

    def claim(self, names: Sequence[str], by: str) -> ToolClaim:
        """Keep tools from being removed while the claim is held.

        Args:
            names: of the tools.
            by: who says so, for the message to who would remove one.

        Raises:
            UnknownNameError: one of them is not registered.
        """
        with self._lock:
            for name in names:
                if name not in self._tools:
                    raise UnknownNameError("tool", name, self._tools)
            claim = ToolClaim(by, names)
            self._claims.add(claim)
            return claim

    def get(self, name: str) -> Tool:
        """The tool of this name.

        Raises:
            UnknownNameError: no such tool.
        """
        with self._lock:
            if name not in self._tools:
                raise UnknownNameError("tool", name, self._tools)
            return self._tools[name]

    def names(self) -> list[str]:
        """Names in the order of registration."""
        with self._lock:
            return list(self._tools)

    def describe(self) -> list[dict[str, Any]]:
        """Every tool as plain data, in the order of registration."""
        with self._lock:
            tools = list(self._tools.values())
        return [tool.describe() for tool in tools]

    def __contains__(self, name: object) -> bool:
        with self._lock:
            return name in self._tools

    def __len__(self) -> int:
        with self._lock:
            return len(self._tools)

    def execute(self, name: str, /, **arguments: Any) -> Any:
        """Run a tool and return what its function returns.

        Raises:
            UnknownNameError: no such tool.
            ToolArgumentError: the arguments do not fit its schema.
            ToolTimeoutError: it ran longer than it may.
            ToolExecutionError: it raised; the cause is attached.
        """
        return self.get(name).execute(arguments)

    async def aexecute(self, name: str, /, **arguments: Any) -> Any:
        """Do what `execute` does without blocking the event loop; raises the same."""
        return await self.get(name).aexecute(arguments)

    def run(self, name: str, args: Mapping[str, Any]) -> ToolResult:
        """Run a tool; failures, an unknown name among them, come back as data."""
        start = time.perf_counter()
        try:
            value = self.get(name).execute(args)
        except (ToolError, UnknownNameError) as error:
            return _result(name, args, start, error=error)
        return _result(name, args, start, value=value)

    async def arun(self, name: str, args: Mapping[str, Any]) -> ToolResult:
        """Do what `run` does without blocking the event loop."""
        start = time.perf_counter()
        try:
            value = await self.get(name).aexecute(args)
        except (ToolError, UnknownNameError) as error:
            return _result(name, args, start, error=error)
        return _result(name, args, start, value=value)

    def langchain_tools(self, names: Sequence[str]) -> list[BaseTool]:
        """The named tools for LangChain models and LangGraph's ToolNode: in this order, each once.

        Each checks its arguments, keeps its time limit and returns text; a failure becomes a
        ToolMessage with `status="error"`. `metadata["writes"]` tells which ask for approval.

        Raises:
            UnknownNameError: one of them is not registered.
        """
        from mdsa.tools.langchain import tool_to_langchain

        return [tool_to_langchain(self.get(name)) for name in dict.fromkeys(names)]


def as_tool(tool: object, /, **options: Any) -> Tool:
    """Make a `Tool` of a LangChain tool or a typed function; a `Tool` stays as it is.

    Raises:
        InvalidInputError: it is none of these, or options come with a `Tool`.
    """
    if isinstance(tool, Tool):
        if options:
            raise InvalidInputError(
                f"tool {tool.name!r} is a Tool already; give {sorted(options)} where it is made."
            )
        return tool
    if _is_langchain_tool(tool):
        return Tool.from_langchain(tool, **options)  # type: ignore[arg-type] # checked just above
    if callable(tool):
        return Tool.from_function(tool, **options)
    raise InvalidInputError(
        f"{tool!r} is not a tool; expected a Tool, a LangChain tool or a typed function."
    )


def _is_langchain_tool(tool: object) -> bool:
    # Where LangChain is not loaded, nothing can be its tool; loading it takes a while.
    return any(
        base.__name__ == "BaseTool" and base.__module__.startswith("langchain_core.")
        for base in type(tool).__mro__
    )


def _result(
    name: str,
    args: Mapping[str, Any],
    start: float,
    *,
    value: Any = None,
    error: Exception | None = None,
) -> ToolResult:
    return ToolResult(
        name=name,
        args=dict(args) if isinstance(args, Mapping) else args,
        ok=error is None,
        value=value,
        error=None if error is None else str(error),
        latency_ms=(time.perf_counter() - start) * 1000,
    )
