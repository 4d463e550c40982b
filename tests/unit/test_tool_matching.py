"""Calls compared as the Berkeley Function Calling Leaderboard compares them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mdsa.errors import InvalidInputError
from mdsa.evals.tool_data import ExpectedCall, load_tools
from mdsa.evals.tool_matching import arguments_match, calls_match
from mdsa.utils.halves import is_held_out


@pytest.mark.parametrize(
    ("said", "allowed", "match"),
    [
        ("New York", ["new york"], True),
        ("12x18", ["12 x 18"], True),
        ("x^2 + 1", ["x**2 + 1"], True),
        ("York", ["New York"], False),
        (5, [5.0], True),
        (5, ["5"], False),
        (True, [True], True),
        (1, [True], False),
        ([1, 2], [[1, 2]], True),
        ([2, 1], [[1, 2]], False),
        ({"a": 1}, [{"a": [1, 2], "b": ["", 3]}], True),
        ({"a": 1, "b": 4}, [{"a": [1], "b": ["", 3]}], False),
    ],
)
def test_a_value_is_one_of_those_allowed(said: Any, allowed: list[Any], match: bool) -> None:
    assert arguments_match({"x": said}, {"x": allowed}) is match


def test_only_what_may_be_left_out_may_be_missing_and_nothing_is_added() -> None:
    expected = {"city": ["Oslo"], "unit": ["celsius", ""]}

    assert arguments_match({"city": "Oslo"}, expected)
    assert not arguments_match({"unit": "celsius"}, expected)
    assert not arguments_match({"city": "Oslo", "days": 3}, expected)


def test_calls_may_come_in_any_order_but_each_once() -> None:
    expected = [ExpectedCall("f", {"n": [1]}), ExpectedCall("f", {"n": [2]})]

    assert calls_match([("f", {"n": 2}), ("f", {"n": 1})], expected)
    assert not calls_match([("f", {"n": 1})], expected)
    assert not calls_match([("f", {"n": 1}), ("f", {"n": 1})], expected)
    assert not calls_match([("g", {"n": 1}), ("f", {"n": 2})], expected)


@pytest.fixture
def bfcl(tmp_path: Path) -> Path:
    folder = tmp_path / "tools" / "bfcl"
    folder.mkdir(parents=True)
    parameters = {
        "type": "dict",
        "properties": {
            "size": {"type": "float"},
            "box": {"type": "dict", "properties": {"type": {"type": "tuple"}}},
        },
    }
    rows = [
        {
            "id": f"r{number}",
            "question": [[{"role": "user", "content": f"Do {number}."}]],
            "function": [{"name": "a.b", "description": "B.", "parameters": parameters}],
        }
        for number in range(20)
    ]
    answers = [
        {"id": row["id"], "ground_truth": [{"a.b": {"size": [1.0]}}]} for row in reversed(rows)
    ]
    for name, lines in (("simple_python", rows), ("simple_python_answers", answers)):
        text = "\n".join(json.dumps(line) for line in lines)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    return tmp_path


def test_the_halves_share_no_row_and_schemas_are_those_of_json(bfcl: Path) -> None:
    held = load_tools("simple_python", bfcl)
    fitted = load_tools("simple_python", bfcl, held_out=False)

    assert {case.id for case in held} | {case.id for case in fitted} == {
        f"r{number}" for number in range(20)
    }
    assert all(is_held_out(case.id) for case in held)
    assert not any(is_held_out(case.id) for case in fitted)
    function = held[0].tools[0]["function"]
    assert function["name"] == held[0].expected[0].name == "a_b"
    assert function["parameters"]["type"] == "object"
    assert function["parameters"]["properties"]["size"]["type"] == "number"
    # A property may itself be called "type".
    assert function["parameters"]["properties"]["box"]["properties"]["type"]["type"] == "array"


def test_an_unknown_set_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="simple_python, parallel"):
        load_tools("multiple", tmp_path)
    with pytest.raises(InvalidInputError, match="parallel"):
        load_tools("parallel", tmp_path)
