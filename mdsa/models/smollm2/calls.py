"""Tool calls as SmolLM2 writes them: a JSON list that is held to the tools' schemas."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage, ToolMessage

from mdsa.models.tool_schema import MAX_CALLS, Reply, call_schema, read_reply

__all__ = ["has_results", "list_schema", "read_list"]


def list_schema(tools: Sequence[Mapping[str, Any]], choice: str) -> dict[str, Any]:
    """The schema of the list; it may be empty only where `choice` is `auto`."""
    call = call_schema(tools, choice)
    definitions = call.pop("$defs")
    return {
        "type": "array",
        "items": call,
        "minItems": 0 if choice == "auto" else 1,
        "maxItems": MAX_CALLS if choice in ("auto", "required") else 1,
        "$defs": definitions,
    }


def read_list(text: str, tools: Sequence[Mapping[str, Any]]) -> Reply:
    """The calls of a list, each once; one that was cut off is invalid.

    A model of this size says the same call again rather than mean it twice.
    """
    try:
        json.loads(text)
    except ValueError:
        reply = read_reply('{"tool_calls": ' + text, tools)
    else:
        reply = Reply("", [], []) if text.strip() == "[]" else read_reply(text, tools)
    seen: list[tuple[str, dict[str, Any]]] = []
    calls = []
    for call in reply.tool_calls:
        if (call["name"], call["args"]) not in seen:
            seen.append((call["name"], call["args"]))
            calls.append(call)
    return reply._replace(tool_calls=calls)


def has_results(messages: Sequence[BaseMessage]) -> bool:
    """Whether tools have answered since the last question.

    A model of this size calls what it needs at once; asked again, it repeats itself.
    """
    for message in reversed(messages):
        if isinstance(message, HumanMessage):
            return False
        if isinstance(message, ToolMessage):
            return True
    return False
