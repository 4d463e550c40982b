"""The reader's evaluation and fit on a data set of four paragraphs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mdsa.embeddings import load_embeddings
from mdsa.errors import InvalidInputError
from mdsa.evals.reader import evaluate_squad, evaluate_tools
from mdsa.evals.reader_data import PARTS, load_squad
from mdsa.evals.reader_dev import load_dev
from mdsa.evals.reader_fit import Group, dev_groups, fit, held_out, squad_groups
from mdsa.models.reader.encoder import CachedEncoder
from mdsa.models.reader.features import FEATURES

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


def test_sentences_are_labelled_where_the_answer_stands(squad: Path) -> None:
    data = load_squad(squad)

    groups = squad_groups(data, data.part("tune"))

    assert {group.rows.shape[1] for group in groups} == {len(FEATURES)}
    assert all(len(g.rows) == len(g.given) == len(g.labels) for g in groups)
    # Each of six questions has its answer with its paragraph, and once more blurred.
    assert [group.labels.sum() for group in groups if group.labels.any()] == [1.0] * 12


def test_the_fit_finds_the_weights_that_made_the_choices() -> None:
    rng = np.random.default_rng(0)
    groups = []
    for _ in range(1500):
        rows, given = rng.normal(size=(4, 2)), rng.normal(size=4)
        odds = np.append(np.exp(rows @ [2.0, -1.0] - 0.5 + given), 1.0)
        choice = rng.choice(5, p=odds / odds.sum())  # the fifth is no answer
        groups.append(Group(rows, given, np.eye(5)[choice][:4]))

    intercept, weights = fit(groups)

    assert np.allclose([intercept, *weights], [-0.5, 2.0, -1.0], atol=0.2)


def test_a_group_counts_as_often_as_its_weight_says() -> None:
    rng = np.random.default_rng(1)
    groups = [
        Group(rng.normal(size=(3, 2)), np.zeros(3), np.eye(3)[number % 3]) for number in range(60)
    ]
    doubled = [Group(g.rows, g.given, g.labels, 2.0) for g in groups[:30]] + groups[30:]

    weighted, repeated = fit(doubled), fit([*groups[:30], *groups])

    assert np.allclose(weighted[1], repeated[1], atol=1e-3)


def test_questions_get_the_passages_that_the_product_finds(tmp_path: Path) -> None:
    documents = [
        {"id": f"d{number}", "title": f"Fact {number}", "text": text}
        for number, text in enumerate(_FACTS)
    ]
    question = {
        "question": "What is the bridge built of?",
        "kind": "other",
        "document": "d0",
        "sentences": ["It is made of\nsteel."],
    }
    path = tmp_path / "dev.json"
    organisation = {"name": "Town", "documents": documents, "questions": [question]}
    path.write_text(json.dumps({"organisations": [organisation]}), encoding="utf-8")

    (found,) = load_dev(path, load_embeddings())
    first, second = dev_groups([found], CachedEncoder(load_embeddings()))

    assert found.answers == ("It is made of steel.",)
    assert found.passages[0].title == "Fact 0"
    assert len(found.passages) == 5
    assert [p.id for p in found.others] == [1, 2, 3, 4, 5]
    assert "Fact 0" not in {p.title for p in found.others}
    assert (first.labels.sum(), second.labels.sum()) == (1.0, 0.0)


def test_a_file_of_another_form_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "dev.json"
    path.write_text("{}", encoding="utf-8")

    with pytest.raises(InvalidInputError, match=r"dev\.json"):
        load_dev(path, load_embeddings())


def test_an_organisation_is_judged_by_weights_fitted_without_it() -> None:
    def groups(sign: float) -> list[Group]:
        rng = np.random.default_rng(2)
        found = []
        for number in range(40):
            labels = np.eye(4)[number % 4]
            rows = rng.normal(size=(4, 1)) + sign * 6 * labels[:, None]
            found.append(Group(rows, np.zeros(4), labels))
        empty = [Group(rng.normal(size=(4, 1)), np.zeros(4), np.zeros(4)) for _ in range(40)]
        return [*found, *empty]

    report = held_out([], {"same": groups(1), "also": groups(1), "opposite": groups(-1)}, 0.5)

    assert report["opposite"]["found"] == 40
    assert report["opposite"]["best_right"] < 0.2
