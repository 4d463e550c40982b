"""How calls for requests to organisations are judged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mdsa.errors import InvalidInputError
from mdsa.evals.organisation_calls import judge, table
from mdsa.evals.organisation_requests import load_requests, organisation_of
from mdsa.evals.tool_data import ToolCase

_TOOL = {
    "name": "order",
    "description": "Order a part",
    "parameters": {
        "type": "object",
        "properties": {
            "part": {"type": "string"},
            "colour": {"type": "string", "enum": ["red", "blue"]},
            "count": {"type": "integer"},
            "express": {"type": "boolean"},
        },
        "required": ["part"],
    },
}
_RIGHT = {"part": "oven lamp", "colour": "red", "count": 2}


@pytest.fixture
def cases(tmp_path: Path) -> list[ToolCase]:
    requests = [
        {"message": "two red oven lamps", "domain": "parts", "calls": [
            {"tool": "order", "arguments": _RIGHT}]},
        {"message": "what is a lamp?", "domain": "parts", "calls": []},
    ]  # fmt: skip
    data = {"domains": [{"name": "parts", "tools": [_TOOL]}], "requests": requests}
    (tmp_path / "shop.json").write_text(json.dumps(data), encoding="utf-8")
    return load_requests(tmp_path)


def test_requests_come_with_the_tools_of_their_domain(cases: list[ToolCase]) -> None:
    assert [organisation_of(case) for case in cases] == ["shop", "shop"]
    assert cases[0].tools == ({"type": "function", "function": _TOOL},)
    assert cases[0].expected[0].args == {name: [value] for name, value in _RIGHT.items()}


@pytest.mark.parametrize(
    ("changed", "errors"),
    [
        ({}, ()),
        ({"part": "the oven lamp."}, ()),
        ({"part": "oven"}, (("wrong span", "part"),)),
        ({"colour": "blue"}, (("wrong option", "colour"),)),
        ({"count": 3}, (("wrong number", "count"),)),
        ({"express": True}, (("invented", "express"),)),
        ({"part": None}, (("required left out", "part"),)),
        ({"count": None}, (("optional left out", "count"),)),
    ],
)
def test_what_is_wrong_has_a_kind(
    changed: dict[str, Any], errors: tuple[tuple[str, str], ...], cases: list[ToolCase]
) -> None:
    args = {name: value for name, value in (_RIGHT | changed).items() if value is not None}
    assert judge(cases[0], [("order", args)]).errors == errors


def test_tools_that_are_called_too_often_or_not_at_all_are_told_apart(
    cases: list[ToolCase],
) -> None:
    found = [judge(cases[0], calls).errors for calls in ([], [("order", _RIGHT)] * 2)]
    found.append(judge(cases[1], [("order", _RIGHT)]).errors)
    kinds = [errors[0][0] for errors in found]
    assert kinds == ["nothing called", "too many calls", "called where nothing fits"]


def test_the_table_counts_requests(cases: list[ToolCase]) -> None:
    lines = list(table([judge(cases[0], []), judge(cases[1], [])]))
    assert lines[0].startswith("all requests, right (2): 0.500")
    assert "  nothing called: 1 in 1 requests, the only error of 1" in lines


def test_a_file_of_another_form_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InvalidInputError, match=r"bad\.json"):
        load_requests(tmp_path)
