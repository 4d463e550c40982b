"""Output held to a JSON schema, by a chat model that may have no such thing itself.

A grammar lets a model write nothing but an instance. Where the model behind a fake server can be
constrained, it is. One that writes an instance by itself is taken at its word, and any other is
asked for tool calls; what it leaves open is filled with the least that the schema allows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from jsonschema import Draft202012Validator
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage

Schema = Mapping[str, Any]

_LEAST: dict[str, Any] = {"string": "", "integer": 0, "number": 0, "boolean": False, "null": None}


def write_in_format(backing: BaseChatModel, messages: Sequence[BaseMessage], schema: Schema) -> str:
    """What the model writes, as JSON that fits the schema."""
    if type(backing).with_structured_output is not BaseChatModel.with_structured_output:
        held = backing.with_structured_output(dict(schema), include_raw=True)
        reply: Any = held.invoke(list(messages))
        return str(reply["raw"].text)
    said = str(backing.invoke(list(messages)).text)
    if _is_instance(said, schema):
        return said
    offered = _offered_tools(schema)
    if offered:
        may_answer = "anyOf" in schema
        bound = backing.bind_tools(offered, tool_choice="auto" if may_answer else "any")
        reply = bound.invoke(list(messages))
        calls = [{"name": call["name"], "arguments": call["args"]} for call in reply.tool_calls]
        found: Any = {"tool_calls": calls} if calls or not may_answer else {"answer": reply.text}
    else:
        function = {"name": "respond", "description": "", "parameters": dict(schema)}
        tool = {"type": "function", "function": function}
        calls = backing.bind_tools([tool], tool_choice="respond").invoke(list(messages)).tool_calls
        found = calls[0]["args"] if calls else None
    return json.dumps(fill(found, schema, schema))


def fill(value: Any, schema: Schema, root: Schema) -> Any:
    """The nearest instance of a schema to a value."""
    if "$ref" in schema:
        place: Any = root
        for step in schema["$ref"].removeprefix("#/").split("/"):
            place = place[step]
        return fill(value, place, root)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return value if value in schema["enum"] else schema["enum"][0]
    if branches := schema.get("anyOf") or schema.get("oneOf"):
        filled = [fill(value, branch, root) for branch in branches]
        return next((one for one in filled if one == value), filled[0])
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        given = value if isinstance(value, Mapping) else {}
        required = schema.get("required", ())
        return {
            name: fill(given.get(name), part, root)
            for name, part in schema.get("properties", {}).items()
            if name in given or name in required
        }
    if kind == "array":
        items = list(value) if isinstance(value, list) else []
        items += [None] * (schema.get("minItems", 0) - len(items))
        return [fill(item, schema.get("items", {}), root) for item in items]
    if kind is None or _is_instance(json.dumps(value), schema):
        return value
    return _LEAST[str(kind)]


def _offered_tools(schema: Schema) -> list[dict[str, Any]]:
    """The tools that a schema of calls lets a model name."""
    for branch in (schema, *schema.get("anyOf", ())):
        calls = branch.get("properties", {}).get("tool_calls")
        if calls is not None:
            kinds = calls["items"].get("anyOf", [calls["items"]])
            return [_as_tool(kind["properties"], schema) for kind in kinds]
    return []


def _as_tool(call: Schema, root: Schema) -> dict[str, Any]:
    parameters = root["$defs"][call["arguments"]["$ref"].rpartition("/")[2]]
    function = {
        "name": call["name"]["const"],
        "description": call["name"]["const"].replace("_", " "),
        "parameters": {**parameters, "$defs": root["$defs"]},
    }
    return {"type": "function", "function": function}


def _is_instance(text: str, schema: Schema) -> bool:
    try:
        value = json.loads(text)
    except ValueError:
        return False
    return bool(Draft202012Validator(schema).is_valid(value))
