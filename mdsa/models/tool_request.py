"""How a request to a server offers its tools: by the model's own calls, or as JSON by schema.

A server refuses tools for a model whose template has none, and Ollama has no `tool_choice` at all.
The tools then stand in the prompt, and the server holds the output to the schema of
`mdsa.models.tool_schema`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from mdsa.models.tool_schema import output_schema, tool_instructions

__all__ = ["ToolRequest", "make_tool_request"]


@dataclass(frozen=True, slots=True)
class ToolRequest:
    """A request as it goes to the server.

    Attributes:
        messages: the conversation.
        kwargs: of the call.
        schema: that the output is held to; None where it is free.
        constrained: tools whose calls stand in the output as JSON; empty where they do not.
    """

    messages: list[BaseMessage]
    kwargs: dict[str, Any]
    schema: dict[str, Any] | None = None
    constrained: Sequence[Mapping[str, Any]] = ()


def make_tool_request(
    messages: Sequence[BaseMessage],
    kwargs: Mapping[str, Any],
    *,
    native: bool,
    forces: bool = False,
) -> ToolRequest:
    """Prepare a request.

    Args:
        messages: the conversation.
        kwargs: as bound; `tools` in OpenAI's form, `tool_choice` as `read_tool_choice` gives it.
        native: whether the model has tool calls of its own.
        forces: whether the server can force a call.
    """
    others = {name: value for name, value in kwargs.items() if name not in ("tools", "tool_choice")}
    tools: Sequence[Mapping[str, Any]] = kwargs.get("tools") or ()
    choice = str(kwargs.get("tool_choice") or "auto")
    if choice == "none":
        tools = ()
    if tools and native and (forces or choice == "auto"):
        forced = {"tool_choice": choice} if choice != "auto" else {}
        return ToolRequest(list(messages), {**others, "tools": tools, **forced})
    if tools:
        plain = _plain(messages, tool_instructions(tools, choice))
        return ToolRequest(plain, others, output_schema(tools, choice), tools)
    return ToolRequest(list(messages) if native else _plain(messages, ""), others)


def _plain(messages: Sequence[BaseMessage], instructions: str) -> list[BaseMessage]:
    """The conversation for a template that knows neither calls nor results."""
    plain = [_as_text(message) for message in messages]
    if not instructions:
        return plain
    if plain and isinstance(plain[0], SystemMessage):
        return [SystemMessage(f"{plain[0].text}\n\n{instructions}"), *plain[1:]]
    return [SystemMessage(instructions), *plain]


def _as_text(message: BaseMessage) -> BaseMessage:
    if isinstance(message, AIMessage) and message.tool_calls:
        calls = [{"name": call["name"], "arguments": call["args"]} for call in message.tool_calls]
        return AIMessage(json.dumps({"tool_calls": calls}, ensure_ascii=False))
    if isinstance(message, ToolMessage):
        return HumanMessage(f"Result of {message.name or 'the tool'}: {message.text}")
    return message
