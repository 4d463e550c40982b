"""Tool calls as SmolLM2 writes them: a JSON list that is held to the tools' schemas."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage, ToolCall, ToolMessage

from mdsa.models.grounding import find_inventions
from mdsa.models.tool_schema import MAX_CALLS, Reply, call_schema, read_reply

__all__ = ["has_results", "invented_values", "list_schema", "read_list"]


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

    A model of this size says the same call again rather than mean it twice, and hands the values
    of one call to another tool.
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
        values = {str(value) for value in _values(call["args"])}
        handed = any(
            name != call["name"] and values <= {str(value) for value in _values(args)}
            for name, args in seen
            if values
        )
        if (call["name"], call["args"]) not in seen and not handed:
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


def invented_values(
    calls: Sequence[ToolCall],
    messages: Sequence[BaseMessage],
    tools: Sequence[Mapping[str, Any]],
) -> list[str]:
    """Figures, names and dates of arguments that neither the conversation nor the tools hold."""
    sources = [str(message.text) for message in messages]
    sources += [json.dumps(tool, ensure_ascii=False) for tool in tools]
    found = []
    for call in calls:
        for value in _values(call["args"]):
            # "5 %" may be 0.05. The word before makes a name of a capital letter.
            said = [f"it {value}"]
            if isinstance(value, float) and 0 < value < 1:
                said.append(f"it {round(100 * value, 9):g}")
            flaws = [find_inventions(text, sources) for text in said]
            fewest: list[str] = min(flaws, key=len)
            found += fewest
    return found


def _values(value: Any) -> list[Any]:
    """What stands in objects and lists, but for true, false, nothing, zero and one."""
    if isinstance(value, Mapping):
        return [each for inner in value.values() for each in _values(inner)]
    if isinstance(value, list):
        return [each for inner in value for each in _values(inner)]
    return [] if value is None or isinstance(value, bool) or value in (0, 1) else [value]
