"""Made-up tools with messages that call for them."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from mdsa.training.slm_facts import fill, listed

__all__ = ["MadeTool", "ToolRequest", "draw_request", "made_tools"]

_SLOT = re.compile(r"\{(\w+)(?:~(\w+))?\}")
_ARGUMENT = re.compile(r"(\w+) \((\w+)(?:\(([\w,]+)\))?(?::(\w+))?(\?)?\) (.*)")
_ROOMS = listed("kitchen|bedroom|living room|office|hall|bathroom|garage|attic", "|")
_TITLES = listed(
    "budget review|dentist|water damage|parental leave|swimming lesson|team lunch|annual report|"
    "good morning|heat pumps|visa rules|piano lesson|tyre change|thesis defence|thank you",
    "|",
)
_TASKS = listed(
    "pay the rent|call the plumber|water the plants|renew my passport|buy stamps|feed the cat|"
    "return the books|book the ferry",
    "|",
)
_HOSTS = listed("web-01|db-primary|mail2|build-07|cache.internal|gpu-node-3", "|")


@dataclass(frozen=True, slots=True)
class _Argument:
    name: str
    kind: str
    choices: tuple[str, ...]
    slot: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class MadeTool:
    """A row of the table."""

    name: str
    description: str
    arguments: tuple[_Argument, ...]
    messages: tuple[str, ...]

    def schema(self) -> dict[str, Any]:
        """In OpenAI's form."""
        properties = {each.name: _property(each) for each in self.arguments}
        return {
            "type": "function",
            "function": {
                "name": self.name,
                "description": self.description,
                "parameters": {
                    "type": "object",
                    "properties": properties,
                    "required": [each.name for each in self.arguments if each.required],
                },
            },
        }


@dataclass(frozen=True, slots=True)
class ToolRequest:
    """A message and the calls that it asks for."""

    text: str
    calls: list[tuple[str, dict[str, Any]]]
    tools: list[dict[str, Any]]


def draw_request(tool: MadeTool, rng: random.Random) -> ToolRequest:
    """One message of a tool with values of its own."""
    message = rng.choice(tool.messages)
    values = _values(rng)
    given: dict[str, Any] = {}

    def put(match: re.Match[str]) -> str:
        slot, fixed = match.groups()
        argument = next(each for each in tool.arguments if slot in (each.slot, each.name))
        if fixed is not None:
            given[argument.name] = fixed == "true"
            return ""
        if argument.kind == "list":
            numbers = [rng.randint(1, 99) for _ in range(rng.randint(2, 5))]
            given[argument.name] = numbers
            return ", ".join(map(str, numbers[:-1])) + f" and {numbers[-1]}"
        value: Any = rng.choice(argument.choices) if argument.choices else values[argument.slot]
        given[argument.name] = value
        return str(value)

    text = _SLOT.sub(put, message)
    ordered = {each.name: given[each.name] for each in tool.arguments if each.name in given}
    return ToolRequest(text, [(tool.name, ordered)], [tool.schema()])


def _values(rng: random.Random) -> Mapping[str, Any]:
    values: dict[str, Any] = dict(fill(rng))
    whole = rng.randint(2, 900)
    return {
        **values,
        "order": rng.choice([f"ORD-{rng.randint(1000, 9999)}", str(rng.randint(10000, 99999))]),
        "amount": rng.choice([whole, round(whole + rng.choice([0.5, 0.25, 0.99, 0.1]), 2)]),
        "int": rng.randint(2, 60),
        "large": rng.choice([rng.randint(100, 9999), rng.randint(1, 90) * 1000]),
        "rate": round(rng.uniform(1, 9), rng.choice([1, 2])),
        "decimal": round(rng.uniform(0.01, 0.12), 2),
        "city2": rng.choice(["Oslo", "New Delhi", "Lyon", "San Jose", "Kyoto", "Porto"]),
        "city": rng.choice([values["city"], "Boston", "Berlin", "Cape Town", "Lima", "Leeds"]),
        "room": rng.choice(_ROOMS),
        "title": rng.choice(_TITLES),
        "task": rng.choice(_TASKS),
        "host": rng.choice(_HOSTS),
    }


def _property(argument: _Argument) -> dict[str, Any]:
    described = {"description": argument.description}
    if argument.choices:
        return {"type": "string", "enum": list(argument.choices), **described}
    if argument.kind == "list":
        return {"type": "array", "items": {"type": "number"}, **described}
    return {"type": argument.kind, **described}


@lru_cache(maxsize=1)
def made_tools() -> list[MadeTool]:
    """The table's tools."""
    lines = (Path(__file__).parent / "slm_tool_table.txt").read_text(encoding="utf-8").splitlines()
    return [_tool(line) for line in lines if line and not line.startswith("#")]


def _tool(line: str) -> MadeTool:
    head, *messages = line.split(" || ")
    title, arguments = head.split(" | ")
    name, description = title.split(": ", 1)
    return MadeTool(
        name, description, tuple(map(_argument, arguments.split("; "))), tuple(messages)
    )


def _argument(text: str) -> _Argument:
    match = _ARGUMENT.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"not an argument of the tool table: {text!r}")
    name, kind, choices, slot, optional, description = match.groups()
    drawn = tuple(choices.split(",")) if choices else ()
    return _Argument(name, kind, drawn, slot or name, optional is None, description)
