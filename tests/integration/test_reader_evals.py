"""The reader's evaluation and fit on a data set of four paragraphs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mdsa.errors import InvalidInputError
from mdsa.evals.reader import evaluate_squad, evaluate_tools
from mdsa.evals.reader_data import PARTS, load_squad
from mdsa.evals.reader_fit import fit, training_rows
from mdsa.models.reader.scoring import FEATURES

_FACTS = {
    "The bridge in Arlen was built in 1902. It is made of steel.": ("When was it built?", "1902"),
    "The museum in Corby holds 400 paintings. Entry is free.": ("How many paintings?", "400"),
    "The river Lune is 85 km long. It rises in the hills.": ("How long is the Lune?", "85 km"),
    "The tower of Ashby was designed by Ada Flint.": ("Who designed the tower?", "Ada Flint"),
    "The market of Dunmore opens on Fridays.": ("When does the market open?", "Fridays"),
    "The lake at Penrith is 30 m deep.": ("How deep is the lake?", "30 m"),
}


@pytest.fixture
def squad(tmp_path: Path) -> Path:
    paragraphs: list[dict[str, Any]] = [
        {
            "context": text,
            "qas": [
                {"question": q, "answers": [{"text": a, "answer_start": text.index(a)}]}
                for _ in range(2)
            ],
        }
        for text, (q, a) in _FACTS.items()
    ]
    path = tmp_path / "small.json"
    path.write_text(json.dumps({"data": [{"paragraphs": paragraphs}]}), encoding="utf-8")
    return tmp_path


def test_every_question_is_in_one_part(squad: Path) -> None:
    data = load_squad(squad)

    parts = {name: data.part(name) for name in PARTS}

    assert {name: len(part) for name, part in parts.items()} == {
        "tune": 6,
        "develop": 3,
        "report": 3,
    }
    everything = sorted((i.paragraph, i.question) for part in parts.values() for i in part)
    assert everything == sorted((i.paragraph, i.question) for i in data.items)
    assert data.part("tune") == parts["tune"]


def test_a_folder_without_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="SQuAD-style"):
        load_squad(tmp_path)


def test_answers_and_abstentions_are_counted(squad: Path) -> None:
    always = evaluate_squad(squad, part="tune", threshold=0.0)
    never = evaluate_squad(squad, part="tune", threshold=1.0)

    assert always["questions"] == 6
    assert always["answered"] == 1.0
    assert always["answer_contained"] > 0.6
    assert always["abstained_without_gold"] == 0.0
    assert (never["answered"], never["abstained_without_gold"]) == (0.0, 1.0)


def test_tool_arguments_are_compared_as_bfcl_does(tmp_path: Path) -> None:
    parameters = {
        "type": "dict",
        "properties": {"base": {"type": "integer"}, "height": {"type": "integer"}},
        "required": ["base", "height"],
    }
    function = {"name": "area.triangle", "description": "Area.", "parameters": parameters}
    rows = [
        (
            "a",
            "Find the area of a triangle with base 10 and height 5.",
            {"base": [10], "height": [5]},
        ),
        (
            "b",
            "Find the area of a triangle with base 10 and height 5.",
            {"base": [1], "height": [5]},
        ),
    ]
    questions = [
        {"id": i, "question": [[{"role": "user", "content": q}]], "function": [function]}
        for i, q, _ in rows
    ]
    answers = [{"id": i, "ground_truth": [{"area.triangle": truth}]} for i, _, truth in rows]
    for name, lines in (("", questions), ("_answers", answers)):
        text = "\n".join(json.dumps(line) for line in lines)
        (tmp_path / f"simple_python{name}.jsonl").write_text(text, encoding="utf-8")

    result = evaluate_tools(tmp_path)

    assert (result["exact"], result["wrong_arguments"]) == (0.5, 0.5)


def test_rows_are_labelled_where_the_answer_stands(squad: Path) -> None:
    data = load_squad(squad)

    rows, labels = training_rows(data, data.part("tune"))

    assert rows.shape == (len(labels), len(FEATURES))
    assert 0 < labels.sum() <= 12  # once with its paragraph, and once blurred


def test_the_fit_finds_the_weights_that_made_the_data() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(4000, 2))
    chance = 1 / (1 + np.exp(-(rows @ [2.0, -1.0] - 0.5)))

    intercept, weights = fit(rows, (rng.random(4000) < chance).astype(float))

    assert np.allclose([intercept, *weights], [-0.5, 2.0, -1.0], atol=0.2)
