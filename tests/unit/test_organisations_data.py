"""The made-up organisations: well formed, true to their documents, and kept apart."""

from __future__ import annotations

import json
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from mdsa.training.reader_data import flat

_FOLDER = Path(__file__).parents[2] / "evals" / "data" / "organisations"
_PARTS = ("fit", "calibration", "held_out")
_FILES = sorted(_FOLDER.glob("*/*.json"))


def _read(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content


def _asked(content: dict[str, Any]) -> list[dict[str, Any]]:
    return [*content["questions"], *content.get("more", ()), *content.get("near", ())]


@pytest.mark.parametrize("file", _FILES, ids=lambda file: file.stem)
def test_every_answer_stands_in_its_document(file: Path) -> None:
    content = _read(file)
    documents = [*chain(*(each["documents"] for each in content["domains"])), *content["shared"]]
    texts = {each["id"]: flat(each["text"]) for each in documents}
    assert len(texts) == len(documents)
    for row in (*_asked(content), *content["follow_ups"]):
        assert (row["document"] is None) == (row["sentences"] == []), row["question"]
        for sentence in row["sentences"]:
            words = flat(sentence)
            # A whole list may stand with blanks where the document has lines and rules.
            parts = words.split(" - ") if words not in texts[row["document"]] else [words]
            assert all(part in texts[row["document"]] for part in parts), row["question"]


@pytest.mark.parametrize("file", _FILES, ids=lambda file: file.stem)
def test_everything_that_is_named_is_there(file: Path) -> None:
    content = _read(file)
    names = {each["name"] for each in content["domains"]}
    tools = {tool["name"]: tool for each in content["domains"] for tool in each["tools"]}
    assert {row["domain"] for row in content["questions"]} <= names
    for row in (*content["compounds"], *content["vague"]):
        assert len(set(row["domains"]) & names) >= 2
    for request in content["requests"]:
        for call in request["calls"]:
            schema = tools[call["tool"]]["parameters"]
            assert set(schema.get("required", ())) <= set(call["arguments"])
            assert set(call["arguments"]) <= set(schema["properties"])


def test_no_organisation_is_in_two_parts_and_no_held_out_question_elsewhere() -> None:
    asked: dict[str, set[str]] = {part: set() for part in _PARTS}
    names: Counter[str] = Counter()
    for file in _FILES:
        content = _read(file)
        names[content["name"]] += 1
        asked[file.parent.name].update(row["question"].lower() for row in _asked(content))
    assert all(asked.values())
    assert max(names.values()) == 1
    assert asked["held_out"].isdisjoint(asked["fit"] | asked["calibration"])


def test_a_fifth_of_what_is_measured_has_no_answer() -> None:
    for part in ("calibration", "held_out"):
        rows = [r for file in (_FOLDER / part).glob("*.json") for r in _read(file)["questions"]]
        assert 0.15 < sum(row["document"] is None for row in rows) / len(rows) < 0.25
        assert sum(row["wording"] == "other" for row in rows) > len(rows) / 2
