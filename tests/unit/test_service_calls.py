"""Service calls of dialogues as requests with a tool."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fakes.agents import scripted
from langchain_core.messages import AIMessage

from mdsa.errors import InvalidInputError
from mdsa.evals.service_calls import ask, figures
from mdsa.evals.sgd_calls import load_service_calls
from mdsa.evals.tool_data import ToolCase
from mdsa.utils.halves import is_held_out

_SLOTS = (
    ("city", False, ()),
    ("guests", True, ("1", "2", "3")),
    ("price", True, ("cheap", "dear")),
    ("garden", True, ("True", "False")),
    ("date", False, ()),
)


def _schema(service: str) -> dict[str, Any]:
    return {
        "service_name": service,
        "description": "Places to eat",
        "slots": [
            {"name": n, "description": n, "is_categorical": c, "possible_values": list(v)}
            for n, c, v in _SLOTS
        ],
        "intents": [
            {
                "name": "BookTable",
                "description": "Book a table",
                "required_slots": ["city", "date"],
                "optional_slots": {"guests": "2", "price": "dontcare", "garden": "dontcare"},
            }
        ],
    }


def _load(folder: Path, said: list[str], parameters: dict[str, str]) -> list[ToolCase]:
    service = next(name for name in ("Tables_1", "Inns_1", "Bars_1") if not _held(name))
    turns: list[dict[str, Any]] = [{"s": "U", "t": text} for text in said]
    call = {"service": service, "method": "BookTable", "parameters": parameters}
    turns.append({"s": "S", "t": "Booked.", "call": call})
    data = folder / "dialogue" / "sgd_train"
    data.mkdir(parents=True)
    (data / "schema.json").write_text(json.dumps([_schema(service)]))
    (data / "dialogues.jsonl").write_text(json.dumps({"id": "1", "turns": turns}) + "\n")
    assert load_service_calls(folder) == []
    return load_service_calls(folder, held_out=False)


def _held(service: str) -> bool:
    return is_held_out(service.partition("_")[0])


def test_said_values_make_a_case_without_computed_dates(tmp_path: Path) -> None:
    said = ["A table for three in Oslo, Norway on Friday"]
    (case,) = _load(tmp_path, said, {"city": "Oslo", "guests": "3", "date": "2019-03-08"})
    assert case.request == f"{said[0]}."
    parameters = case.tools[0]["function"]["parameters"]
    kinds = {name: each["type"] for name, each in parameters["properties"].items()}
    assert kinds == {"city": "string", "guests": "integer", "price": "string", "garden": "boolean"}
    assert parameters["required"] == ["city"]
    assert case.expected[0].args == {"city": ["Oslo", "Oslo, Norway"], "guests": [3]}


def test_defaults_may_be_left_out(tmp_path: Path) -> None:
    (case,) = _load(tmp_path, ["Two of us, in Oslo."], {"city": "Oslo", "guests": "2"})
    assert case.expected[0].args["guests"] == [2, ""]


def test_turns_are_joined_until_everything_is_said(tmp_path: Path) -> None:
    (case,) = _load(tmp_path, ["I'm in Oslo", "For three."], {"city": "Oslo", "guests": "3"})
    assert case.request == "I'm in Oslo. For three."


def test_values_that_nobody_said_make_no_case(tmp_path: Path) -> None:
    assert _load(tmp_path, ["I'm hungry.", "Yes.", "For three."], {"city": "Oslo"}) == []


def test_missing_data_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="cannot read the service calls"):
        load_service_calls(tmp_path)


def test_a_model_is_judged_by_the_calls_that_it_makes(tmp_path: Path) -> None:
    (case,) = _load(tmp_path, ["Two of us, in Oslo."], {"city": "Oslo", "guests": "2"})
    name = case.expected[0].name
    call = {"name": name, "args": {"city": "Oslo"}, "id": "1"}
    model = scripted(AIMessage("", tool_calls=[call]))

    calls = ask(model, case)

    assert calls == [(name, {"city": "Oslo"})]
    assert figures([(case, calls), (case, [(name, {"city": "Rome"})]), (case, [])]).split("\n") == [
        "the tool called, once (3): 0.667 (0.667-0.667)",
        "every argument right (3): 0.333 (0.333-0.333)",
    ]
