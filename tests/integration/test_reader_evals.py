"""The reader's evaluation and fit on a data set of four paragraphs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mdsa.embeddings import load_embeddings
from mdsa.errors import InvalidInputError
from mdsa.evals.grounded_data import GroundedSet, Question
from mdsa.evals.reader_dev import load_dev
from mdsa.evals.reader_fit import Group, dev_groups, fit, grounded_groups, held_out
from mdsa.models.reader.encoder import CachedEncoder
from mdsa.models.reader.features import FEATURES
from mdsa.models.reader.late_interaction import LATE_FEATURES

_FACTS = {
    "The bridge in Arlen was built in 1902. It is made of steel.": ("When was it built?", "1902"),
    "The museum in Corby holds 400 paintings. Entry is free.": ("How many paintings?", "400"),
    "The river Lune is 85 km long. It rises in the hills.": ("How long is the Lune?", "85 km"),
    "The tower of Ashby was designed by Ada Flint.": ("Who designed the tower?", "Ada Flint"),
    "The market of Dunmore opens on Fridays.": ("When does the market open?", "Fridays"),
    "The lake at Penrith is 30 m deep.": ("How deep is the lake?", "30 m"),
}


@pytest.fixture
def facts() -> GroundedSet:
    passages = list(_FACTS)
    questions = [
        Question(question, (answer,), (number,))
        for number, (question, answer) in enumerate(_FACTS.values())
    ]
    return GroundedSet("facts", "Facts", passages, questions, [""] * len(passages))


def test_sentences_are_labelled_where_the_answer_stands(facts: GroundedSet) -> None:
    groups = grounded_groups(facts, len(_FACTS), load_embeddings())

    assert {group.rows.shape[1] for group in groups} == {len(FEATURES) + len(LATE_FEATURES)}
    assert all(len(g.rows) == len(g.given) == len(g.labels) for g in groups)
    # Each of six questions has its answer with its passage, and once more blurred.
    assert [group.labels.sum() for group in groups if group.labels.any()] == [1.0] * 12
    assert sum(not group.labels.any() for group in groups) >= 12


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
