"""Tools as a schema of a model's output, and the output read back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from langchain_core.messages import AIMessageChunk
from langchain_core.tools import tool
from pydantic import BaseModel, Field

from mdsa.errors import InvalidInputError
from mdsa.models.json_schema import describe_type, strict_schema
from mdsa.models.tool_schema import (
    arguments_schema,
    as_openai_tools,
    call_chunk,
    output_schema,
    read_reply,
    read_tool_choice,
    tool_instructions,
)


@tool
def get_weather(city: str, days: int = 1) -> str:
    """Weather of a city."""
    return f"{city} {days}"


class Person(BaseModel):
    """Remember a person."""

    name: str = Field(description="Full name.")
    friends: list[str] = []


_TREE = {
    "type": "function",
    "function": {
        "name": "plant",
        "description": "Plant a tree.",
        "parameters": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {"root": {"$ref": "#/$defs/Node"}},
            "required": ["root"],
            "$defs": {
                "Node": {
                    "type": "object",
                    "properties": {
                        "label": {"type": "string"},
                        "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
                    },
                    "required": ["label"],
                }
            },
        },
    },
}
_TOOLS = as_openai_tools([get_weather, Person, _TREE])


def _accepts(schema: dict[str, Any], value: object) -> bool:
    Draft202012Validator.check_schema(schema)
    return bool(Draft202012Validator(schema).is_valid(value))


def _call(name: str, /, **arguments: object) -> dict[str, Any]:
    return {"name": name, "arguments": arguments}


@pytest.mark.parametrize(
    ("choice", "answer", "weather", "person"),
    [
        ("auto", True, True, True),
        ("none", True, False, False),
        ("required", False, True, True),
        ("get_weather", False, True, False),
    ],
)
def test_the_choice_decides_what_may_be_written(
    choice: str, answer: bool, weather: bool, person: bool
) -> None:
    schema = output_schema(_TOOLS, choice)

    assert _accepts(schema, {"answer": "Sunny."}) == answer
    assert _accepts(schema, {"tool_calls": [_call("get_weather", city="Bonn")]}) == weather
    assert _accepts(schema, {"tool_calls": [_call("Person", name="Ada")]}) == person


def test_arguments_must_fit_the_tool_they_are_for() -> None:
    schema = output_schema(_TOOLS, "required")

    def accepts(*calls: dict[str, Any]) -> bool:
        return _accepts(schema, {"tool_calls": list(calls)})

    assert accepts(_call("get_weather", city="Bonn", days=2), _call("Person", name="Ada"))
    assert not accepts(_call("get_weather", city="Bonn", place="Rhine"))
    assert not accepts(_call("get_weather"))
    assert not accepts(_call("get_weather", city=7))
    assert not accepts(_call("Person", city="Bonn"))
    assert not accepts(_call("absent"))
    assert not accepts()
    assert not accepts(*[_call("Person", name="Ada")] * 9)


def test_a_tool_chosen_by_name_is_called_once() -> None:
    calls = [_call("get_weather", city="Bonn")] * 2

    assert not _accepts(output_schema(_TOOLS, "get_weather"), {"tool_calls": calls})


def test_references_of_a_tool_survive_beside_other_tools() -> None:
    schema = output_schema(_TOOLS, "plant")
    tree = {"label": "oak", "children": [{"label": "twig", "children": []}]}

    assert _accepts(schema, {"tool_calls": [_call("plant", root=tree)]})
    assert not _accepts(schema, {"tool_calls": [_call("plant", root={"label": "oak", "x": 1})]})
    assert not _accepts(schema, {"tool_calls": [_call("plant", root={"children": []})]})


def test_a_reference_to_elsewhere_is_refused() -> None:
    outside = {"name": "far", "parameters": {"properties": {"a": {"$ref": "http://x/y.json"}}}}

    with pytest.raises(InvalidInputError, match="not local"):
        output_schema(as_openai_tools([{"type": "function", "function": outside}]), "auto")


def test_a_tool_without_parameters_takes_an_empty_object() -> None:
    bare = as_openai_tools([{"type": "function", "function": {"name": "now"}}])

    assert _accepts(arguments_schema(bare[0]), {})
    assert not _accepts(arguments_schema(bare[0]), {"zone": "UTC"})


def test_closing_leaves_compositions_and_free_objects_open() -> None:
    schema = strict_schema(
        {
            "type": "object",
            "properties": {
                "free": {"type": "object"},
                "said": {"type": "object", "properties": {}, "additionalProperties": True},
                "both": {
                    "allOf": [
                        {"$ref": "#/$defs/A"},
                        {"type": "object", "properties": {"b": {"type": "string"}}},
                    ]
                },
                "properties": {"type": "object", "properties": {"type": {"type": "string"}}},
            },
            "$defs": {"A": {"type": "object", "properties": {"a": {"type": "string"}}}},
        }
    )

    assert _accepts(schema, {"free": {"x": 1}, "said": {"x": 1}, "both": {"a": "", "b": ""}})
    assert not _accepts(schema, {"properties": {"x": 1}})
    assert not _accepts(schema, {"other": 1})


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (None, "auto"),
        (False, "auto"),
        (True, "required"),
        ("any", "required"),
        ("none", "none"),
        ("Person", "Person"),
        ({"type": "function", "function": {"name": "Person"}}, "Person"),
        ({"type": "tool", "name": "get_weather"}, "get_weather"),
        ({"type": "any"}, "required"),
    ],
)
def test_choices_are_read_in_every_usual_form(given: Any, read: str) -> None:
    assert read_tool_choice(given, ["get_weather", "Person"]) == read


@pytest.mark.parametrize(("choice", "names"), [("absent", ["a"]), ("any", [])])
def test_a_choice_that_cannot_be_met_is_refused(choice: str, names: list[str]) -> None:
    with pytest.raises(InvalidInputError, match="cannot be met"):
        read_tool_choice(choice, names)


@pytest.mark.parametrize("bad", [{"type": "web_search_preview"}, 7, {"type": "object"}])
def test_what_is_no_function_is_refused(bad: Any) -> None:
    with pytest.raises(InvalidInputError):
        as_openai_tools([bad])


def test_of_two_tools_of_one_name_the_first_counts() -> None:
    made = as_openai_tools([get_weather, get_weather])

    assert [tool["function"]["name"] for tool in made] == ["get_weather"]


def test_instructions_show_signatures_and_the_form_of_a_call() -> None:
    text = tool_instructions(_TOOLS, "auto")

    assert "- get_weather(city: string, days?: integer): Weather of a city." in text
    assert "    name: Full name." in text
    assert "plant(root: {label: string, children?: Node[]}): Plant a tree." in text
    assert '{"answer": "…"}' in text
    assert "plain text" in tool_instructions(_TOOLS, "auto", answer_as_json=False)
    assert "Call the tool Person." in tool_instructions(_TOOLS, "Person")
    assert tool_instructions(_TOOLS, "none") == tool_instructions([], "auto") == ""


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        (True, "any"),
        ({"enum": ["c", "f"]}, '"c" | "f"'),
        ({"type": ["string", "null"]}, "string | null"),
        (
            {"type": "array", "items": {"anyOf": [{"type": "string"}, {"const": 1}]}},
            "(string | 1)[]",
        ),
        ({"type": "string", "format": "date"}, "string (date)"),
        ({"type": "object", "additionalProperties": {"type": "number"}}, "{[name]: number}"),
        ({"allOf": [{"type": "boolean"}]}, "boolean"),
        ({"type": "object"}, "object"),
    ],
)
def test_types_are_described_shortly(schema: object, text: str) -> None:
    assert describe_type(schema, {}) == text


def test_calls_are_read_back_with_ids_of_their_own() -> None:
    written = {"tool_calls": [_call("get_weather", city="Bonn"), _call("get_weather", city="Ulm")]}

    reply = read_reply(json.dumps(written), _TOOLS)

    assert [(call["name"], call["args"]) for call in reply.tool_calls] == [
        ("get_weather", {"city": "Bonn"}),
        ("get_weather", {"city": "Ulm"}),
    ]
    assert len({call["id"] for call in reply.tool_calls}) == 2
    assert (reply.content, reply.invalid_tool_calls) == ("", [])


@pytest.mark.parametrize(
    "text",
    [
        '```json\n{"tool_calls": [{"name": "Person", "arguments": {"name": "Ada"}}]}\n```',
        '{"name": "Person", "parameters": {"name": "Ada"}}',
        '[{"name": "Person", "arguments": "{\\"name\\": \\"Ada\\"}"}]',
    ],
)
def test_usual_variants_of_a_call_are_read(text: str) -> None:
    assert [call["args"] for call in read_reply(text, _TOOLS).tool_calls] == [{"name": "Ada"}]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("It is sunny.", "It is sunny."),
        ('{"answer": "It is sunny."}', "It is sunny."),
        ('{"answer": "It is sun', "It is sun"),
        ('{"city": "Bonn"}', '{"city": "Bonn"}'),
        ("[1, 2]", "[1, 2]"),
        ('{"city', '{"city'),
        ("", ""),
    ],
)
def test_everything_else_is_an_answer(text: str, answer: str) -> None:
    assert read_reply(text, _TOOLS) == (answer, [], [])


@pytest.mark.parametrize(
    ("text", "name", "error"),
    [
        ('{"tool_calls": [{"name": "absent", "arguments": {}}]}', "absent", "no tool 'absent'"),
        ('{"tool_calls": [{"name": "Person", "arguments": "{"}]}', "Person", "no JSON"),
        ('{"tool_calls": [{"name": "Person", "arguments": [1]}]}', "Person", "an object"),
        ('{"tool_calls": ["Person"]}', None, "'name' and 'arguments'"),
        ('{"tool_calls": [{"name": "Person", "argum', None, "cut off"),
    ],
)
def test_a_broken_call_is_reported_as_invalid(text: str, name: str | None, error: str) -> None:
    reply = read_reply(text, _TOOLS)

    assert reply.tool_calls == []
    assert [call["name"] for call in reply.invalid_tool_calls] == [name]
    assert error in str(reply.invalid_tool_calls[0]["error"])


def test_whole_calls_before_a_cut_count() -> None:
    text = '{"tool_calls": [{"name": "Person", "arguments": {"name": "Ada"}}, {"name": "Per'

    reply = read_reply(text, _TOOLS)

    assert [call["args"] for call in reply.tool_calls] == [{"name": "Ada"}]
    assert [call["args"] for call in reply.invalid_tool_calls] == ['{"name": "Per']


def test_a_broken_call_stays_broken_in_a_stream() -> None:
    whole = '{"name": "Person", "arguments": {"name": "Ada"}}'
    reply = read_reply(f'{{"tool_calls": [{whole}, {{"name": "Person", "argume', _TOOLS)
    calls = [*reply.tool_calls, *reply.invalid_tool_calls]
    chunks = [
        AIMessageChunk(content="", tool_call_chunks=[call_chunk(call, index)])
        for index, call in enumerate(calls)
    ]

    total = chunks[0] + chunks[1]

    assert isinstance(total, AIMessageChunk)
    assert total.tool_calls == reply.tool_calls
    assert len(total.invalid_tool_calls) == 1
