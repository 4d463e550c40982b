"""A tool: a function with a name, a description, a schema of its arguments and its limits."""

from __future__ import annotations

import copy
import inspect
import math
import re
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from mdsa.errors import InvalidInputError, ToolArgumentError, ToolError, ToolExecutionError
from mdsa.tools.execution import TimedCalls
from mdsa.tools.schema import ArgumentSchema, object_schema
from mdsa.tools.signature import (
    Inferred,
    check_signature,
    config_parameter,
    infer,
    injected_parameters,
    required_among,
)

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

__all__ = ["Tool"]

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MAX_ERROR_CHARS = 300


class Tool:
    """A function that a model, or a program, may call by name.

    Instances do not change, and may be shared among threads.

    Args:
        name: letters, digits, `_` and `-`; at most 64.
        description: what it does and when to use it; the model chooses by it.
        function: called with the arguments by name; synchronous or asynchronous.
        parameters: argument name to JSON schema, where an argument without a `default` is
            required; or a complete JSON schema of an object. None reads names, types, defaults and
            docstring from the function, which then receives its annotated types, such as `date`.
        required: the required arguments, if the rule above does not fit.
        writes: whether it changes anything; the graph asks for approval before it runs.
        timeout_s: longest run in seconds. An asynchronous function is then cancelled. A
            synchronous one runs in a thread, which cannot be killed: the caller gets a
            ToolTimeoutError while the function runs to its end, side effects included.
        returns: JSON schema of the result; for documentation.
        fill_defaults: whether a missing argument gets the `default` of its schema; False leaves
            that to the function.
        max_result_chars: longest result text that a model is shown.
        coroutine: asynchronous version of a synchronous `function`, for asynchronous callers.

    Raises:
        InvalidInputError: an argument is wrong, or the schema is invalid or does not fit.
    """

    def __init__(
        self,
        name: str,
        description: str,
        function: Callable[..., Any],
        parameters: Mapping[str, Any] | None = None,
        *,
        required: Sequence[str] | None = None,
        writes: bool = False,
        timeout_s: float = 10.0,
        returns: Mapping[str, Any] | None = None,
        fill_defaults: bool = True,
        max_result_chars: int = 8000,
        coroutine: Callable[..., Awaitable[Any]] | None = None,
    ) -> None:
        _check(name, description, function, timeout_s, max_result_chars)
        self.name = name
        self.description = description.strip()
        self.function = function
        self.coroutine = coroutine
        self.writes = writes
        self.timeout_s = timeout_s
        self.max_result_chars = max_result_chars
        self.returns = None if returns is None else copy.deepcopy(dict(returns))
        self.injected: Mapping[str, Any] = injected_parameters(function)
        """Parameters that the graph fills in, with their annotations; no model sees them."""
        self._needed = required_among(function, self.injected)
        self._config_parameter = config_parameter(function)
        self._inferred: Inferred | None = None
        if parameters is None:
            self._inferred = infer(function, name)
            schema = object_schema({**self._inferred.schema, "type": "object"}, required)
        else:
            schema = object_schema(parameters, required)
        try:
            self._arguments = ArgumentSchema(schema)
            if self.returns is not None:
                ArgumentSchema(self.returns)
            free = {*self.injected, *filter(None, [self._config_parameter])}
            check_signature(function, self._arguments.properties, free)
        except InvalidInputError as error:
            raise InvalidInputError(f"tool {name!r}: {error}") from error
        self._defaults = {
            argument: property_["default"]
            for argument, property_ in self._arguments.properties.items()
            if fill_defaults
            and parameters is not None
            and isinstance(property_, dict)
            and "default" in property_
        }
        self._calls = TimedCalls(name, timeout_s)

    @classmethod
    def from_function(
        cls,
        function: Callable[..., Any],
        *,
        name: str | None = None,
        description: str | None = None,
        **options: Any,
    ) -> Tool:
        """Make a tool from a typed function with a docstring.

        Args:
            function: synchronous or asynchronous.
            name: in place of the function's own.
            description: in place of the docstring before its `Args:` section.
            **options: as for `Tool`, such as `writes=True`.

        Raises:
            InvalidInputError: it has no docstring, or no schema can be made of it.
        """
        name = str(name or getattr(function, "__name__", type(function).__name__))
        if description is None:
            description = infer(function, name).description
        if not description:
            raise InvalidInputError(
                f"tool {name!r}: its function has no docstring; write one, or give description=…"
            )
        return cls(name, description, function, **options)

    @classmethod
    def from_langchain(cls, tool: BaseTool, *, writes: bool | None = None, **options: Any) -> Tool:
        """Make a tool from a LangChain tool.

        State, store, runtime and tool call id that it asks for are passed on to it by the graph.

        Args:
            tool: any LangChain tool.
            writes: whether it changes anything; None reads `metadata["writes"]`, else False.
            **options: as for `Tool`, such as `timeout_s` or another `name`.

        Raises:
            InvalidInputError: its schema cannot be used.
        """
        from mdsa.tools.langchain import tool_from_langchain

        return tool_from_langchain(tool, writes=writes, **options)

    @property
    def parameters(self) -> dict[str, Any]:
        """JSON schema of the arguments; a copy."""
        return copy.deepcopy(self._arguments.schema)

    def describe(self) -> dict[str, Any]:
        """What a model or a person may know of it, as plain data."""
        return {
            "name": self.name,
            "description": self.description,
            "parameters": self.parameters,
            "returns": copy.deepcopy(self.returns),
            "writes": self.writes,
            "timeout_s": self.timeout_s,
        }

    def execute(
        self, arguments: Mapping[str, Any], *, injected: Mapping[str, Any] | None = None
    ) -> Any:
        """Check the arguments, run the function and return what it returns.

        Args:
            arguments: by name, as JSON values.
            injected: what the graph fills in; never a model.

        Raises:
            ToolArgumentError: the arguments do not fit the schema.
            ToolTimeoutError: it ran longer than `timeout_s`.
            ToolExecutionError: it raised; the cause is attached.
        """
        call = partial(self.function, **self._bind(arguments, injected))
        try:
            return self._calls.call(call)
        except Exception as error:  # a tool may raise anything; callers expect a ToolError
            if isinstance(error, ToolError) or _steers_graph(error):
                raise
            raise ToolExecutionError(f"tool {self.name!r} failed: {_reason(error)}") from error

    async def aexecute(
        self, arguments: Mapping[str, Any], *, injected: Mapping[str, Any] | None = None
    ) -> Any:
        """Do what `execute` does without blocking the event loop; raises the same."""
        function = self.coroutine or self.function
        call = partial(function, **self._bind(arguments, injected))
        try:
            return await self._calls.acall(call)
        except Exception as error:  # a tool may raise anything; callers expect a ToolError
            if isinstance(error, ToolError) or _steers_graph(error):
                raise
            raise ToolExecutionError(f"tool {self.name!r} failed: {_reason(error)}") from error

    def __repr__(self) -> str:
        return f"Tool({self.name!r}, writes={self.writes})"

    def _bind(
        self, arguments: Mapping[str, Any], injected: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        given = self._arguments.check(self.name, arguments)
        for name, default in self._defaults.items():
            given.setdefault(name, copy.deepcopy(default))
        if self._inferred is not None:
            given = self._convert(given, self._inferred)
        given.update(injected or {})
        if missing := sorted(self._needed - given.keys()):
            raise ToolError(
                f"tool {self.name!r} needs {missing} from a graph; run it in a ToolNode with "
                "registry.langchain_tools([…])."
            )
        if self._config_parameter is not None:
            from langchain_core.runnables import ensure_config

            given[self._config_parameter] = ensure_config()
        return given

    def _convert(self, given: dict[str, Any], inferred: Inferred) -> dict[str, Any]:
        """Turn JSON values that passed the schema into the annotated types."""
        from pydantic import ValidationError

        try:
            model = inferred.model.model_validate(given)
        except ValidationError as error:
            problems = "; ".join(
                f"argument {'.'.join(map(str, item['loc']))!r} is {item['input']!r}: {item['msg']}"
                for item in error.errors(include_url=False)
            )
            raise ToolArgumentError(f"tool {self.name!r}: {problems}.") from error
        return {name: getattr(model, name) for name in given}


def _check(
    name: str, description: str, function: object, timeout_s: float, max_result_chars: int
) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidInputError(
            f"tool name {name!r}: use 1 to 64 letters, digits, '_' and '-', which every model "
            "server accepts."
        )
    if not isinstance(description, str) or not description.strip():
        raise InvalidInputError(
            f"tool {name!r} has no description; say what it does and when to use it."
        )
    if not callable(function):
        raise InvalidInputError(f"tool {name!r}: function is {function!r}; expected a callable.")
    if inspect.isclass(function):
        raise InvalidInputError(f"tool {name!r}: {function!r} is a class; expected a function.")
    if not (timeout_s > 0 and math.isfinite(timeout_s)):
        raise InvalidInputError(f"tool {name!r}: timeout_s is {timeout_s}; expected seconds > 0.")
    if max_result_chars < 1:
        raise InvalidInputError(f"tool {name!r}: max_result_chars is {max_result_chars}, below 1.")


def _steers_graph(error: Exception) -> bool:
    """Whether LangGraph raised it to steer the graph, as `interrupt()` does.

    Such an error exists only where its module is loaded, and loading it takes 0.7 s.
    """
    module = sys.modules.get("langgraph.errors")
    return module is not None and (
        isinstance(error, module.GraphBubbleUp) or module.is_invalid_resume(error)
    )


def _reason(error: Exception) -> str:
    """One line about an error: no traceback, which would tell a model about our files."""
    text = " ".join(str(error).split())[:_MAX_ERROR_CHARS]
    kind = "" if _is_tool_exception(error) else type(error).__name__
    return ": ".join(part for part in (kind, text) if part) or type(error).__name__


def _is_tool_exception(error: Exception) -> bool:
    """Whether a LangChain tool raised it with a message for the model."""
    module = sys.modules.get("langchain_core.tools.base")
    return module is not None and isinstance(error, module.ToolException)
