"""Service calls of the Schema-Guided Dialogue set as requests with a tool.

Rastogi et al., arXiv:1909.05855 (see `mdsa.evals.dialogue_data`). A call and what the user said
right before it make a case where the user said every value of the call: in one turn, or in the last
two put together. Dates and times of day, which the calls hold as computed, are taken out of the
tool. A place may be followed by its country, as the user says it. Services of one kind (`Hotels_1`
to `Hotels_3`) are in the same part, and which one the parity of the kind's SHA-1 says.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha1
from pathlib import Path
from typing import Any

from mdsa.errors import InvalidInputError
from mdsa.evals.tool_data import ExpectedCall, ToolCase
from mdsa.models.reader.render import label
from mdsa.utils.halves import is_held_out

__all__ = ["load_service_calls"]

_MOST_TURNS = 2
_MOST_OF_A_METHOD = 60
_COMPUTED = frozenset({"date", "time", "day", "check_in", "check_out"})
_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def load_service_calls(data_dir: Path, *, held_out: bool = True) -> list[ToolCase]:
    """Read one part of the services: at most sixty calls of each method, drawn by their hash.

    Args:
        data_dir: holds `dialogue/sgd_train/` with `dialogues.jsonl` and `schema.json`.
        held_out: the services to measure on; False for those to fit on.

    Raises:
        InvalidInputError: a file is missing or not as described.
    """
    folder = data_dir / "dialogue" / "sgd_train"
    by_method: dict[tuple[str, str], dict[str, ToolCase]] = defaultdict(dict)
    try:
        schema = json.loads((folder / "schema.json").read_text(encoding="utf-8"))
        services = {service["service_name"]: service for service in schema}
        lines = (folder / "dialogues.jsonl").read_text(encoding="utf-8").split("\n")
        for line in lines:
            for case in _cases(json.loads(line), services, held_out) if line.strip() else ():
                by_method[case.id.split(" ")[0], case.expected[0].name].setdefault(
                    case.request, case
                )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidInputError(
            f"cannot read the service calls in {folder} ({error!r}); they are the train part of "
            "github.com/google-research-datasets/dstc8-schema-guided-dialogue, one dialogue a line."
        ) from error
    return [
        case
        for found in by_method.values()
        for case in sorted(found.values(), key=_hash)[:_MOST_OF_A_METHOD]
    ]


def _hash(case: ToolCase) -> str:
    return sha1(case.id.encode(), usedforsecurity=False).hexdigest()


def _cases(
    row: Mapping[str, Any], services: Mapping[str, Any], held_out: bool
) -> Iterator[ToolCase]:
    said: list[str] = []
    first = True
    for place, turn in enumerate(row["turns"]):
        if turn["s"] == "U":
            text = turn["t"].strip()
            said.append(text if text[-1:] in ".?!" else f"{text}.")
        elif "call" in turn:
            call = turn["call"]
            if is_held_out(call["service"].partition("_")[0]) == held_out:
                case_id = f"{call['service']} {row['id']} {place}"
                case = _case(case_id, call, services[call["service"]], said, first)
                if case is not None:
                    yield case
            first = False


def _case(
    case_id: str,
    call: Mapping[str, Any],
    service: Mapping[str, Any],
    said: Sequence[str],
    first: bool,
) -> ToolCase | None:
    intent = next(one for one in service["intents"] if one["name"] == call["method"])
    slots = {slot["name"]: slot for slot in service["slots"]}
    values = {str(name): str(value) for name, value in call["parameters"].items()}
    for count in range(1, min(_MOST_TURNS, len(said)) + 1):
        text = " ".join(said[-count:])
        # All that was said so far: what stands for an option or a truth value is in there, too.
        everything = first and count == len(said)
        kept = {name: value for name, value in values.items() if not _is_computed(name)}
        if kept and all(
            _is_said(value, text) or (everything and slots[name]["is_categorical"])
            for name, value in kept.items()
        ):
            names = [
                name
                for name in (*intent["required_slots"], *intent["optional_slots"])
                if not _is_computed(name)
            ]
            tool = _tool(intent, {name: slots[name] for name in names})
            typed = tool["function"]["parameters"]["properties"]
            expected = {
                name: [
                    _typed(value, typed[name]["type"]),
                    *_with_country(value, text),
                    *([""] if intent["optional_slots"].get(name) == value else []),
                ]
                for name, value in kept.items()
            }
            call_name = tool["function"]["name"]
            return ToolCase(case_id, text, (tool,), (ExpectedCall(call_name, expected),))
    return None


def _is_computed(name: str) -> bool:
    return any(word in name for word in _COMPUTED)


def _is_said(value: str, text: str) -> bool:
    forms = [value, _NUMBERS[int(value)]] if value in map(str, range(len(_NUMBERS))) else [value]
    return any(re.search(rf"(?<!\w){re.escape(form)}(?!\w)", text, re.IGNORECASE) for form in forms)


def _with_country(value: str, text: str) -> list[str]:
    match = re.search(rf"(?<!\w){re.escape(value)}, [A-Z][\w.]*(?: [A-Z]\w+)?", text)
    return [match.group()] if match else []


def _tool(intent: Mapping[str, Any], slots: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "function",
        "function": {
            "name": "_".join(label(intent["name"]).lower().split()),
            "description": intent["description"],
            "parameters": {
                "type": "object",
                "properties": {name: _property(slot) for name, slot in slots.items()},
                "required": [name for name in intent["required_slots"] if name in slots],
            },
        },
    }


def _property(slot: Mapping[str, Any]) -> dict[str, Any]:
    options = [str(one) for one in slot["possible_values"] if one != "dontcare"]
    described = {"description": slot["description"]}
    if options and set(options) <= {"True", "False"}:
        return {"type": "boolean", **described}
    if options and all(one.isdigit() for one in options):
        return {"type": "integer", **described}
    if options and slot["is_categorical"]:
        return {"type": "string", "enum": options, **described}
    return {"type": "string", **described}


def _typed(value: str, kind: str) -> Any:
    if kind == "boolean":
        return value == "True"
    return int(value) if kind == "integer" and value.isdigit() else value
