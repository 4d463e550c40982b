"""Requests with the calls that serve them: the Berkeley Function Calling Leaderboard, v3 files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mdsa.errors import InvalidInputError
from mdsa.utils.halves import is_held_out

__all__ = ["TOOL_SETS", "ExpectedCall", "ToolCase", "load_tools"]

TOOL_SETS = ("simple_python", "parallel")
"""Names of the files."""

_TYPES = {"dict": "object", "float": "number", "tuple": "array", "any": "string"}


@dataclass(frozen=True, slots=True)
class ExpectedCall:
    """A call that is right: for each argument, the values that are; `""` may be left out."""

    name: str
    args: Mapping[str, Sequence[Any]]


@dataclass(frozen=True, slots=True)
class ToolCase:
    """A request with its tool.

    Attributes:
        id: of the row.
        request: what the user wrote.
        tools: in OpenAI's form, names without dots, types of JSON Schema.
        expected: the calls that serve it, in any order.
    """

    id: str
    request: str
    tools: tuple[dict[str, Any], ...]
    expected: tuple[ExpectedCall, ...]


def load_tools(name: str, data_dir: Path, *, held_out: bool = True) -> list[ToolCase]:
    """Read one half of a file.

    Args:
        name: one of `TOOL_SETS`.
        data_dir: holds `tools/bfcl/`, or `bfcl/`.
        held_out: the half to measure on; False for the one to fit on.

    Raises:
        InvalidInputError: an unknown name, or a file that is missing or not as published.
    """
    if name not in TOOL_SETS:
        raise InvalidInputError(f"unknown tool set {name!r}; known are {', '.join(TOOL_SETS)}.")
    folder = (data_dir / "tools" if (data_dir / "tools").is_dir() else data_dir) / "bfcl"
    try:
        answers = {row["id"]: row for row in _rows(folder / f"{name}_answers.jsonl")}
        return [
            _case(row, answers[row["id"]])
            for row in _rows(folder / f"{name}.jsonl")
            if is_held_out(row["id"]) == held_out
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidInputError(f"cannot read {name} in {folder}: {error!r}.") from error


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def _case(row: Mapping[str, Any], answer: Mapping[str, Any]) -> ToolCase:
    expected = []
    for call in answer["ground_truth"]:
        ((name, args),) = call.items()
        expected.append(ExpectedCall(_plain(name), args))
    return ToolCase(
        id=row["id"],
        request=row["question"][0][-1]["content"],
        tools=tuple(_openai(function) for function in row["function"]),
        expected=tuple(expected),
    )


def _openai(function: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "function",
        "function": {
            "name": _plain(function["name"]),
            "description": function.get("description", ""),
            "parameters": _schema(function["parameters"]),
        },
    }


def _plain(name: str) -> str:
    """Names that OpenAI's interface takes have no dots."""
    return name.replace(".", "_")


def _schema(value: Any) -> Any:
    """Python's names of types as those of JSON Schema, at every depth."""
    if isinstance(value, Mapping):
        changed: dict[str, Any] = {
            key: {name: _schema(inner) for name, inner in item.items()}
            if key == "properties"
            else _schema(item)
            for key, item in value.items()
        }
        kind = changed.get("type")
        if isinstance(kind, str):
            changed["type"] = _TYPES.get(kind, kind)
        return changed
    if isinstance(value, list):
        return [_schema(item) for item in value]
    return value
