"""Tools as a JSON schema of what a model may write: an answer, or calls with their arguments.

A model without tool calls of its own is shown `tool_instructions`, its output is held to
`output_schema`, and `read_reply` makes LangChain's tool calls of it. The JSON is
`{"answer": "…"}` or `{"tool_calls": [{"name": "…", "arguments": {…}}, …]}`.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from langchain_core.messages import InvalidToolCall, ToolCall, ToolCallChunk
from langchain_core.messages.tool import invalid_tool_call, tool_call, tool_call_chunk
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from langchain_core.utils.json import parse_partial_json

from mdsa.errors import InvalidInputError
from mdsa.models.json_schema import describe_type, move_references, strict_schema

__all__ = [
    "MAX_CALLS",
    "Reply",
    "ToolLike",
    "arguments_schema",
    "as_openai_tools",
    "call_chunk",
    "call_schema",
    "make_call",
    "output_schema",
    "read_call",
    "read_reply",
    "read_tool_choice",
    "tool_instructions",
    "tool_names",
]

MAX_CALLS = 8
"""Most calls in one reply; without a bound, a weak model repeats one until its tokens run out."""

OpenAITool = Mapping[str, Any]
ToolLike = Mapping[str, Any] | type | Callable[..., Any] | BaseTool

_FENCED = re.compile(r"^```(?:json)?\s*\n(.*?)\n?```\s*$", re.DOTALL)
_CALLS_BEGUN = re.compile(r'^\{\s*"tool_calls"\s*:\s*\[\s*')
_ANSWER_BEGUN = re.compile(r'^\{\s*"answer"\s*:\s*"')


class Reply(NamedTuple):
    """What a model wrote; the fields are those of an AIMessage."""

    content: str
    tool_calls: list[ToolCall]
    invalid_tool_calls: list[InvalidToolCall]


def as_openai_tools(tools: Sequence[ToolLike]) -> list[dict[str, Any]]:
    """Tools of any kind that LangChain takes, in OpenAI's form; of one name, the first.

    Raises:
        InvalidInputError: one cannot be converted, or is no function (such as a hosted web search).
    """
    made: dict[str, dict[str, Any]] = {}
    for tool in tools:
        try:
            converted = convert_to_openai_tool(tool)
        except (ValueError, TypeError) as error:
            raise InvalidInputError(f"{tool!r} cannot be used as a tool: {error}") from error
        if "function" not in converted:
            raise InvalidInputError(
                f"tool {converted!r} runs on its vendor's servers; bind a function, a LangChain "
                "tool, a pydantic model or a dict in OpenAI's function form."
            )
        # LangChain's standard suite binds one schema in several forms at once.
        made.setdefault(str(converted["function"]["name"]), converted)
    return list(made.values())


def tool_names(tools: Sequence[OpenAITool]) -> list[str]:
    """Names of tools in OpenAI's form."""
    return [str(tool["function"]["name"]) for tool in tools]


def read_tool_choice(choice: str | bool | Mapping[str, Any] | None, names: Sequence[str]) -> str:
    """One of `auto`, `none`, `required`, or the name of a tool.

    Args:
        choice: also `any` and True for `required`, None and False for `auto`, and the dicts with
            which OpenAI and Anthropic name a tool.
        names: of the tools that are bound.

    Raises:
        InvalidInputError: it names no bound tool, or asks for a call where no tool is bound.
    """
    if isinstance(choice, Mapping):
        kind = choice.get("type")
        named = choice.get("function", choice).get("name")
        choice = named if named is not None else str(kind)
    if choice is None or isinstance(choice, bool):
        choice = "required" if choice else "auto"
    if choice in names:
        return choice
    choice = "required" if choice == "any" else choice
    if choice not in {"auto", "none", "required"} or (choice == "required" and not names):
        listing = ", ".join(names) or "none"
        raise InvalidInputError(
            f"tool_choice {choice!r} cannot be met; use 'auto', 'none', 'any' or the name of a "
            f"bound tool. Bound: {listing}."
        )
    return choice


def arguments_schema(tool: OpenAITool) -> dict[str, Any]:
    """The strict schema of a tool's arguments; always an object."""
    parameters = tool["function"].get("parameters") or {}
    return strict_schema({"properties": {}, **parameters, "type": "object"})


def output_schema(
    tools: Sequence[OpenAITool], choice: str = "auto", *, max_calls: int = MAX_CALLS
) -> dict[str, Any]:
    """The schema of a reply: an answer, calls, or either.

    Args:
        tools: in OpenAI's form.
        choice: as `read_tool_choice` gives it.
        max_calls: most calls in one reply; a choice by name allows one.

    Raises:
        InvalidInputError: a tool's schema refers to something outside of itself.
    """
    answer = _object({"answer": {"type": "string"}})
    if choice == "none" or not tools:
        return answer
    call = call_schema(tools, choice)
    definitions = call.pop("$defs")
    most = 1 if choice not in {"auto", "required"} else max_calls
    calls = {"type": "array", "items": call, "minItems": 1, "maxItems": most}
    some = _object({"tool_calls": calls})
    return {**(some if choice != "auto" else {"anyOf": [answer, some]}), "$defs": definitions}


def call_schema(
    tools: Sequence[OpenAITool], choice: str = "auto", *, arguments_key: str = "arguments"
) -> dict[str, Any]:
    """The schema of one call: the name of a tool and its arguments.

    Args:
        tools: in OpenAI's form.
        choice: as `read_tool_choice` gives it; a name leaves that tool only.
        arguments_key: what the model calls the arguments.

    Raises:
        InvalidInputError: a tool's schema refers to something outside of itself.
    """
    offered = [tool for tool in tools if choice in {"auto", "required", tool["function"]["name"]}]
    definitions: dict[str, Any] = {}
    calls = []
    for index, tool in enumerate(offered):
        place = f"arguments_{index}"
        definitions[place] = move_references(arguments_schema(tool), f"#/$defs/{place}")
        name = {"const": str(tool["function"]["name"])}
        calls.append(_object({"name": name, arguments_key: {"$ref": f"#/$defs/{place}"}}))
    return {**(calls[0] if len(calls) == 1 else {"anyOf": calls}), "$defs": definitions}


def tool_instructions(
    tools: Sequence[OpenAITool], choice: str = "auto", *, answer_as_json: bool = True
) -> str:
    """What a model without a tool template of its own is told; empty without tools to call.

    Args:
        tools: in OpenAI's form.
        choice: as `read_tool_choice` gives it.
        answer_as_json: whether an answer is `{"answer": …}` too, or plain text.
    """
    if choice == "none" or not tools:
        return ""
    lines = ["You can call these tools:"]
    for tool in tools:
        lines += _tool_lines(tool["function"], tool["function"].get("parameters") or {})
    calls = '{"tool_calls": [{"name": "…", "arguments": {…}}]}'
    if choice == "auto":
        plain = 'with {"answer": "…"}' if answer_as_json else "in plain text"
        lines.append(
            f"To call tools, reply with JSON only: {calls}, one entry for each call. When no tool "
            f"is needed, or a tool's result answers the question, reply {plain}."
        )
    else:
        wanted = "at least one tool" if choice == "required" else f"the tool {choice}"
        lines.append(f"Call {wanted}. Reply with JSON only: {calls}.")
    return "\n".join(lines)


def read_reply(text: str, tools: Sequence[OpenAITool]) -> Reply:
    """Read a model's output back.

    Text that is not of the JSON form is an answer. A call that was cut off, names no tool or has
    arguments that are no object is invalid; whole calls before it count.

    Args:
        text: what the model wrote, with or without a Markdown fence around JSON.
        tools: those that it could call, in OpenAI's form.
    """
    names = tool_names(tools)
    bare = text.strip()
    fenced = _FENCED.match(bare)
    body = fenced.group(1).strip() if fenced else bare
    try:
        value = json.loads(body, strict=False)
    except ValueError:
        return _read_broken(body, bare, names)
    entries = _entries(value)
    if entries is None:
        answer = value.get("answer") if isinstance(value, dict) and len(value) == 1 else None
        return Reply(answer if isinstance(answer, str) else bare, [], [])
    return _sorted([read_call(entry, names) for entry in entries])


def read_call(entry: object, names: Sequence[str]) -> ToolCall | InvalidToolCall:
    """One call as a model wrote it; `parameters` may stand for `arguments`, JSON for an object."""
    if not isinstance(entry, Mapping):
        return _invalid(None, entry, "a call must be an object with 'name' and 'arguments'")
    name = entry.get("name")
    arguments = entry.get("arguments", entry.get("parameters"))
    if arguments is None:
        arguments = {}
    if not isinstance(name, str) or name not in names:
        known = ", ".join(names) or "none"
        return _invalid(name, arguments, f"there is no tool {name!r}; known: {known}")
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments, strict=False)
        except ValueError as error:
            return _invalid(name, arguments, f"its arguments are no JSON: {error}")
    if not isinstance(arguments, dict):
        return _invalid(name, arguments, "its arguments must be an object")
    return make_call(name, arguments)


def make_call(name: str, arguments: dict[str, Any]) -> ToolCall:
    """A call with an id of its own."""
    return tool_call(name=name, args=arguments, id=_new_id())


def call_chunk(call: ToolCall | InvalidToolCall, index: int) -> ToolCallChunk:
    """A whole call as the chunk of a stream; `index` counts the calls of the reply.

    LangChain completes JSON that was cut off when it adds chunks up. What is no valid call gets a
    text that cannot be completed, so that it stays invalid.
    """
    if call["type"] == "invalid_tool_call":
        arguments = f"[{call['error']}] {call['args'] or ''}"
    else:
        arguments = json.dumps(call["args"], ensure_ascii=False)
    return tool_call_chunk(name=call["name"], args=arguments, id=call["id"], index=index)


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _tool_lines(function: Mapping[str, Any], parameters: Mapping[str, Any]) -> list[str]:
    required = set(parameters.get("required", ()))
    properties: Mapping[str, Any] = parameters.get("properties", {})
    signature = ", ".join(
        f"{name}{'' if name in required else '?'}: {describe_type(part, parameters)}"
        for name, part in properties.items()
    )
    described = " ".join(str(function.get("description") or "").split())
    lines = [f"- {function['name']}({signature}){': ' if described else ''}{described}"]
    for name, part in properties.items():
        note = part.get("description") if isinstance(part, Mapping) else None
        if note:
            lines.append(f"    {name}: {' '.join(str(note).split())}")
    return lines


def _entries(value: object) -> list[Any] | None:
    """The calls in a value; None where it is none."""
    if isinstance(value, dict):
        listed = value.get("tool_calls")
        if isinstance(listed, list):
            return listed
        is_call = isinstance(value.get("name"), str) and {"arguments", "parameters"} & value.keys()
        return [value] if is_call else None
    if isinstance(value, list) and value and all(isinstance(part, dict) for part in value):
        return value if all(_entries(part) is not None for part in value) else None
    return None


def _read_broken(body: str, bare: str, names: Sequence[str]) -> Reply:
    """Text that is no whole JSON: an answer, or JSON that was cut off."""
    if _ANSWER_BEGUN.match(body):
        found = parse_partial_json(body)
        answer = found.get("answer") if isinstance(found, dict) else None
        return Reply(answer if isinstance(answer, str) else bare, [], [])
    begun = _CALLS_BEGUN.match(body)
    if begun is None:
        return Reply(bare, [], [])
    decoder = json.JSONDecoder(strict=False)
    calls: list[ToolCall | InvalidToolCall] = []
    place = begun.end()
    while place < len(body):
        try:
            entry, place = decoder.raw_decode(body, place)
        except ValueError:
            break
        calls.append(read_call(entry, names))
        place += len(body[place:]) - len(body[place:].lstrip(" ,\n\t\r"))
    if place < len(body) and body[place] != "]":
        calls.append(_invalid(None, body[place:], "the call is cut off or no JSON"))
    return _sorted(calls)


def _sorted(calls: Sequence[ToolCall | InvalidToolCall]) -> Reply:
    valid = [call for call in calls if call.get("type") == "tool_call"]
    broken = [call for call in calls if call.get("type") != "tool_call"]
    return Reply("", valid, broken)  # type: ignore[arg-type] # told apart by their type


def _invalid(name: object, arguments: object, why: str) -> InvalidToolCall:
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return invalid_tool_call(
        name=name if isinstance(name, str) else None, args=text, id=_new_id(), error=why
    )


def _new_id() -> str:
    return f"call_{uuid.uuid4().hex}"
