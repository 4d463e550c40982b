"""MDSA's tools as LangChain tools, and LangChain's as MDSA's."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from langchain_core.messages import ToolMessage
from langchain_core.messages.tool import ToolOutputMixin
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, StructuredTool, ToolException
from langchain_core.tools import Tool as SingleInputTool
from langchain_core.tools.base import get_all_basemodel_annotations
from langchain_core.utils.pydantic import TypeBaseModel
from pydantic import BaseModel, ConfigDict, Field, create_model

from mdsa.errors import InvalidInputError, ToolError
from mdsa.tools.results import result_text
from mdsa.tools.signature import annotations_of, is_call_id, is_injected, required_among
from mdsa.tools.tool import Tool

__all__ = ["RegisteredTool", "content_value", "tool_from_langchain", "tool_to_langchain"]


class RegisteredTool(BaseTool):
    """A LangChain tool that runs a `Tool`, with its check, time limit and error texts.

    Called with a tool call it returns a ToolMessage, `status="error"` where the tool failed.
    Called with plain arguments it returns the text alone. `metadata["writes"]` says whether it
    changes anything.
    """

    source: Tool = Field(exclude=True)
    handle_tool_error: Any = True

    def _to_args_and_kwargs(
        self, tool_input: str | dict[str, Any], tool_call_id: str | None
    ) -> tuple[tuple[str, ...], dict[str, Any]]:
        # One mapping, because LangChain fills `config` and `run_manager` in among the keyword
        # arguments and would overwrite a tool's own arguments of these names.
        return (), {"arguments": tool_input, "tool_call_id": tool_call_id}

    def _run(self, arguments: Any, tool_call_id: str | None = None) -> Any:
        given, injected = self._split(arguments, tool_call_id)
        try:
            value = self.source.execute(given, injected=injected)
        except ToolError as error:
            raise ToolException(str(error)) from error
        return self._output(value)

    async def _arun(self, arguments: Any, tool_call_id: str | None = None) -> Any:
        given, injected = self._split(arguments, tool_call_id)
        try:
            value = await self.source.aexecute(given, injected=injected)
        except ToolError as error:
            raise ToolException(str(error)) from error
        return self._output(value)

    def get_input_schema(self, config: RunnableConfig | None = None) -> TypeBaseModel:
        """The pydantic model in whose annotations ToolNode finds what it has to inject."""
        if not self.source.injected:
            return super().get_input_schema(config)
        fields: dict[str, Any] = {
            name: (annotation, ...) for name, annotation in self.source.injected.items()
        }
        settings = ConfigDict(arbitrary_types_allowed=True, extra="allow")
        model: TypeBaseModel = create_model(f"{self.name}_input", __config__=settings, **fields)
        return model

    @functools.cached_property
    def _injected_args_keys(self) -> frozenset[str]:
        return frozenset(self.source.injected)

    def _split(
        self, arguments: Any, tool_call_id: str | None
    ) -> tuple[Mapping[str, Any], dict[str, Any]]:
        if not self.source.injected or not isinstance(arguments, dict):
            return arguments, {}
        given = {k: v for k, v in arguments.items() if k not in self.source.injected}
        injected = {k: v for k, v in arguments.items() if k in self.source.injected}
        for name, annotation in self.source.injected.items():
            if is_call_id(annotation) and tool_call_id is not None:
                injected[name] = tool_call_id
        return given, injected

    def _output(self, value: Any) -> Any:
        items = value if isinstance(value, list) and value else [value]
        if all(isinstance(item, ToolOutputMixin) for item in items):  # messages and commands
            return value
        return result_text(value, self.source.max_result_chars)


def tool_to_langchain(tool: Tool) -> BaseTool:
    """Wrap a tool for LangChain and LangGraph."""
    return RegisteredTool(
        name=tool.name,
        description=tool.description,
        args_schema=tool.parameters,
        metadata={"writes": tool.writes},
        source=tool,
    )


def tool_from_langchain(
    tool: BaseTool,
    *,
    writes: bool | None = None,
    name: str | None = None,
    description: str | None = None,
    **options: Any,
) -> Tool:
    """Wrap a LangChain tool; see `Tool.from_langchain`."""
    if isinstance(tool, RegisteredTool) and writes is None and not (name or description or options):
        return tool.source
    parameters = _parameters(tool)
    if writes is None:
        writes = bool((tool.metadata or {}).get("writes", False))
    return _LangChainBacked(
        tool,
        name=name or tool.name,
        description=description or tool.description,
        parameters=parameters,
        writes=writes,
        **options,
    )


def _parameters(tool: BaseTool) -> dict[str, Any]:
    if isinstance(tool, SingleInputTool) and tool.args_schema is None:
        return {"type": "object", "properties": tool.args, "required": list(tool.args)}
    schema = tool.tool_call_schema
    if isinstance(schema, type):
        if not issubclass(schema, BaseModel):
            raise InvalidInputError(
                f"tool {tool.name!r} is described by a pydantic 1 model; use a pydantic 2 one."
            )
        schema = schema.model_json_schema()
    kept = {k: v for k, v in schema.items() if k not in ("title", "description")}
    return {**kept, "type": "object"}


class _LangChainBacked(Tool):
    """A tool whose function is a LangChain tool."""

    def __init__(self, tool: BaseTool, *, parameters: Mapping[str, Any], **options: Any) -> None:
        inner = _Inner(tool)
        super().__init__(
            function=inner.ainvoke if inner.only_async else inner.invoke,
            coroutine=inner.ainvoke if inner.has_async else None,
            parameters=parameters,
            fill_defaults=False,  # the LangChain tool knows them better than its schema tells
            **options,
        )
        annotations = {
            **annotations_of(inner.function),
            **get_all_basemodel_annotations(tool.get_input_schema()),
        }
        self.injected = {
            argument: annotation
            for argument, annotation in annotations.items()
            if is_injected(annotation) and argument not in self._arguments.properties
        }
        inner.call_id_names = [n for n, a in self.injected.items() if is_call_id(a)]
        self._needed = required_among(inner.function, self.injected)


class _Inner:
    """Calls a LangChain tool so that failures arrive as exceptions."""

    def __init__(self, tool: BaseTool) -> None:
        self._tool = tool.model_copy(
            update={"handle_tool_error": False, "handle_validation_error": False}
        )
        if isinstance(tool, StructuredTool):
            self.only_async = tool.func is None
            self.has_async = tool.coroutine is not None
            self.function: Callable[..., Any] = tool.func or tool.coroutine or tool._run
        else:
            self.only_async = False
            self.has_async = type(tool)._arun is not BaseTool._arun
            self.function = tool._run
        self.call_id_names: list[str] = []
        self._has_artifact = tool.response_format == "content_and_artifact"

    def invoke(self, **arguments: Any) -> Any:
        return self._value(self._tool.invoke(self._input(arguments)))

    async def ainvoke(self, **arguments: Any) -> Any:
        return self._value(await self._tool.ainvoke(self._input(arguments)))

    def _input(self, arguments: dict[str, Any]) -> Any:
        # Only a whole tool call brings an artifact back, or a call id in.
        call_id = next((arguments[n] for n in self.call_id_names if n in arguments), None)
        if call_id is None and not self._has_artifact:
            return arguments
        return {
            "type": "tool_call",
            "id": call_id or "",
            "name": self._tool.name,
            "args": arguments,
        }

    def _value(self, output: Any) -> Any:
        if not (self._has_artifact and isinstance(output, ToolMessage)):
            return output
        return content_value(output.content, output.artifact)


def content_value(content: Any, artifact: Any) -> Any:
    """The value in a LangChain tool's content and artifact.

    That is the structured content of an MCP server, the text where there is only text, and the
    content blocks otherwise.
    """
    if isinstance(artifact, Mapping) and artifact.get("structured_content") is not None:
        return artifact["structured_content"]
    if isinstance(content, list) and all(
        isinstance(block, dict) and block.get("type") == "text" for block in content
    ):
        return "\n".join(str(block["text"]) for block in content)
    return content
