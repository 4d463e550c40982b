"""Samples of tool calls: from BFCL's half to fit on, SGD's service calls, and made-up tools."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from langchain_core.messages import HumanMessage

from mdsa.errors import InvalidInputError
from mdsa.models.smollm2.prompt import call_prompt
from mdsa.training.slm_sample import Sample
from mdsa.training.slm_tools import ToolRequest, draw_request, made_tools
from mdsa.utils.halves import is_held_out

__all__ = ["call_samples", "request_sample"]

_NO_CALL = 0.07
_COPIES = 3
"""How often a BFCL row is used, with other numbers each time after the first."""
_SGD_ROWS = 350
_KINDS = {"dict": "object", "float": "number", "tuple": "array", "any": "string"}
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.]*\d)")
_CAMEL = re.compile(r"(?<!^)(?=[A-Z])")


def call_samples(data_dir: Path, made: int, rng: random.Random) -> Iterator[Sample]:
    """Samples of all sources.

    Args:
        data_dir: holds `tools/bfcl` and `dialogue/sgd_train`.
        made: how many requests to made-up tools.
        rng: of every draw.

    Raises:
        InvalidInputError: a file is missing or not as published.
    """
    folder, dialogues = data_dir / "tools" / "bfcl", data_dir / "dialogue" / "sgd_train"
    try:
        published = [*_bfcl(folder, "simple_python"), *_bfcl(folder, "parallel")]
        services = list(_services(dialogues, rng))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidInputError(f"cannot read {folder} or {dialogues}: {error!r}.") from error
    own = [draw_request(rng.choice(made_tools()), rng) for _ in range(made)]
    others = [tool for request in [*published, *services, *own] for tool in request.tools]
    for request in published:
        for copy in range(_COPIES):
            changed = _renumbered(request, rng) if copy else request
            if changed is not None:
                yield request_sample("bfcl", changed, others, rng)
    for request in services:
        yield request_sample("sgd", request, others, rng)
    for request in own:
        two = rng.random() < 0.25
        yield request_sample("templates", _twice(request, rng) if two else request, others, rng)


def request_sample(
    source: str, request: ToolRequest, others: Sequence[dict[str, Any]], rng: random.Random
) -> Sample:
    """A request among tools of others, or, rarely, without its own.

    Args:
        source: of the request.
        request: with its tools.
        others: tools to draw from.
        rng: of the draws.
    """
    none = rng.random() < _NO_CALL
    tools = [] if none else list(request.tools)
    names = {tool["function"]["name"] for tool in [*tools, *request.tools]}
    wanted = rng.choice([1, 2, 3]) if none else len(tools) + rng.choice([0, 0, 0, 1, 2, 3])
    while len(tools) < wanted:
        other = rng.choice(others)
        if other["function"]["name"] not in names:
            names.add(other["function"]["name"])
            tools.append(other)
    rng.shuffle(tools)
    calls = [] if none else [{"name": name, "arguments": args} for name, args in request.calls]
    prompt = call_prompt([HumanMessage(request.text)], tools)
    return Sample("call", source, prompt, json.dumps(calls, ensure_ascii=False))


def _twice(request: ToolRequest, rng: random.Random) -> ToolRequest:
    """Two requests in one message: to the same tool or to another."""
    name = request.calls[0][0]
    tool = next(each for each in made_tools() if each.name == name)
    if rng.random() < 0.5:
        tool = rng.choice([each for each in made_tools() if each.name != name])
    second = draw_request(tool, rng)
    joiner = rng.choice([" and ", " Also, ", ", then ", " "])
    text = request.text.rstrip(" .?") + joiner + second.text
    tools = request.tools if tool.name == name else [*request.tools, *second.tools]
    return ToolRequest(text, [*request.calls, *second.calls], tools)


def _bfcl(folder: Path, name: str) -> Iterator[ToolRequest]:
    lines = (folder / f"{name}_answers.jsonl").read_text(encoding="utf-8").splitlines()
    truths = {row["id"]: row["ground_truth"] for row in map(json.loads, lines)}
    for row in map(json.loads, (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()):
        if is_held_out(row["id"]):
            continue
        tools = [_openai(function) for function in row["function"]]
        order = {t["function"]["name"]: t["function"]["parameters"]["properties"] for t in tools}
        text = row["question"][0][-1]["content"]
        calls = []
        for truth in truths[row["id"]]:
            for function, args in truth.items():
                called = function.replace(".", "_")
                given = {key: _stated(allowed, text) for key, allowed in args.items()}
                calls.append(
                    (called, {k: given[k] for k in order[called] if given.get(k) is not None})
                )
        yield ToolRequest(text, calls, tools)


def _openai(function: dict[str, Any]) -> dict[str, Any]:
    name = function["name"].replace(".", "_")
    return {
        "type": "function",
        "function": {**function, "name": name, "parameters": _plain(function["parameters"])},
    }


def _plain(schema: Any) -> Any:
    """BFCL's own names of types, as JSON Schema has them."""
    if isinstance(schema, dict):
        return {
            key: _KINDS.get(value, value)
            if key == "type" and isinstance(value, str)
            else _plain(value)
            for key, value in schema.items()
        }
    return [_plain(each) for each in schema] if isinstance(schema, list) else schema


def _stated(allowed: Sequence[Any], text: str) -> Any:
    """The value that is right: one that the message states, none where it may be left out."""
    values = [_open(value) for value in allowed if value != ""]
    stated = [value for value in values if str(value).lower() in text.lower()]
    if stated:
        return stated[0]
    optional = "" in allowed
    return None if optional or not values else values[0]


def _open(value: Any) -> Any:
    """Inner objects of BFCL's answers list what is right for each key, too."""
    if isinstance(value, dict):
        return {
            key: _open(inner[0]) if isinstance(inner, list) and inner else inner
            for key, inner in value.items()
        }
    return [_open(each) for each in value] if isinstance(value, list) else value


def _renumbered(request: ToolRequest, rng: random.Random) -> ToolRequest | None:
    """The same request with other numbers; None where no argument is one of its numbers."""
    found = list(dict.fromkeys(_NUMBER.findall(request.text)))
    new: dict[str, str] = {}
    for number in found:
        used = any(_same(value, number) for _, args in request.calls for value in args.values())
        if not used or (len(number) == 4 and number.startswith(("19", "20"))):
            continue
        low = 10 ** max(len(number.split(".")[0]) - 1, 0)
        whole = str(rng.randint(low, 10 * low - 1))
        new[number] = f"{whole}.{rng.randint(1, 9)}" if "." in number else whole
    if not new or len(set(new.values())) < len(new):
        return None
    calls = []
    for name, args in request.calls:
        changed = {}
        for key, value in args.items():
            match = next((number for number in new if _same(value, number)), None)
            changed[key] = value if match is None else _typed(value, new[match])
        calls.append((name, changed))
    text = _NUMBER.sub(lambda match: new.get(match.group(), match.group()), request.text)
    return ToolRequest(text, calls, request.tools)


def _same(value: Any, number: str) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == float(number)


def _typed(value: Any, number: str) -> int | float:
    return float(number) if isinstance(value, float) or "." in number else int(number)


def _services(folder: Path, rng: random.Random) -> Iterator[ToolRequest]:
    """Calls of SGD whose every value the user has said, with all that the user said before."""
    schema = json.loads((folder / "schema.json").read_text(encoding="utf-8"))
    tools = {
        (service["service_name"], intent["name"]): _intent(service, intent)
        for service in schema
        for intent in service["intents"]
    }
    found = []
    with (folder / "dialogues.jsonl").open(encoding="utf-8") as file:
        for row in map(json.loads, file):
            said: list[str] = []
            for turn in row["turns"]:
                if turn["s"] == "U":
                    said.append(turn["t"])
                elif "call" in turn:
                    call = turn["call"]
                    request = _called(call, said[-3:], tools[call["service"], call["method"]])
                    if request is not None:
                        found.append(request)
                    break
    yield from rng.sample(found, min(_SGD_ROWS, len(found)))


def _called(call: dict[str, Any], said: Sequence[str], tool: dict[str, Any]) -> ToolRequest | None:
    text = " ".join(said)
    properties = tool["function"]["parameters"]["properties"]
    required = tool["function"]["parameters"]["required"]
    args: dict[str, Any] = {}
    for name, value in call["parameters"].items():
        if value.lower() not in text.lower() or name not in properties:
            if name in required:
                return None
            continue
        whole = properties[name]["type"] == "integer"
        args[name] = int(value) if whole and value.isdigit() else value
    ordered = {name: args[name] for name in properties if name in args}
    if not ordered or any(name not in ordered for name in required):
        return None
    return ToolRequest(text, [(tool["function"]["name"], ordered)], [tool])


def _intent(service: dict[str, Any], intent: dict[str, Any]) -> dict[str, Any]:
    slots = {slot["name"]: slot for slot in service["slots"]}
    names = [*intent["required_slots"], *intent["optional_slots"]]
    return {
        "type": "function",
        "function": {
            "name": _CAMEL.sub("_", intent["name"]).lower(),
            "description": f"{intent['description']}. {service['description']}",
            "parameters": {
                "type": "object",
                "properties": {name: _slot(slots[name]) for name in names},
                "required": list(intent["required_slots"]),
            },
        },
    }


def _slot(slot: dict[str, Any]) -> dict[str, Any]:
    values = slot["possible_values"]
    if values and all(value.isdigit() for value in values):
        return {"type": "integer", "description": slot["description"]}
    if slot["is_categorical"] and set(values) != {"True", "False"}:
        return {"type": "string", "enum": values, "description": slot["description"]}
    return {"type": "string", "description": slot["description"]}
