"""How compounds and sessions are made and counted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fakes.routing import WordRouter

from mdsa.errors import InvalidInputError
from mdsa.evals.compounds import JOINERS, Share, evaluate_compounds, make_compounds
from mdsa.evals.dialogue_data import UserTurn, load_dialogues
from mdsa.evals.follow_ups import evaluate_follow_ups
from mdsa.evals.routing_data import Part

WORDS = {"orders": ["parcel"], "returns": ["refund"], "payroll": ["salary"]}
ROWS = Part.of(
    [
        ("where is my parcel?", "orders"),
        ("has the parcel been sent", "orders"),
        ("how do I get a refund", "returns"),
        ("what is my salary", "payroll"),
        ("black and white", "returns"),
    ]
)


def test_compounds_join_two_questions_of_different_domains_in_every_way() -> None:
    compounds = make_compounds(ROWS, each=3, seed=1)

    assert [one.joiner for one in compounds] == [joiner for joiner in JOINERS for _ in range(3)]
    for one in compounds:
        assert len(one.domains) == 2
        assert one.text == one.parts[0].rstrip("?") + one.joiner + one.parts[1]
    assert compounds == make_compounds(ROWS, each=3, seed=1)
    assert compounds != make_compounds(ROWS, each=3, seed=2)


def test_a_router_that_knows_its_domains_gets_compounds_right_and_splits_no_single() -> None:
    rows = Part(ROWS.texts[:4], ROWS.labels[:4])

    figures = evaluate_compounds(WordRouter(WORDS), rows, each=5)

    assert figures.exact == Share(50, 50)
    assert figures.parts_right == Share(50, 50)
    assert figures.singles_split == Share(0, 0)


def test_what_the_router_cannot_know_counts_as_wrong() -> None:
    figures = evaluate_compounds(WordRouter({**WORDS, "orders": ["nothing"]}), ROWS, each=5)

    assert figures.exact.value < 1
    assert figures.parts_right.value < 1
    assert figures.singles_split == Share(0, 1)


def turn(text: str, domain: str, *, switches: bool = False) -> UserTurn:
    return UserTurn(text, frozenset({domain}), switches, False)


def test_sessions_run_on_what_was_chosen() -> None:
    dialogue = (
        turn("where is my parcel", "orders"),
        turn("yes, please", "orders"),
        turn("what is my salary", "payroll", switches=True),
        turn("ok", "payroll"),
    )

    figures = evaluate_follow_ups(WordRouter(WORDS), [dialogue, dialogue])

    assert figures.accuracy("all") == (Share(6, 8), Share(8, 8))
    assert figures.accuracy("no content words") == (Share(2, 4), Share(4, 4))
    assert figures.accuracy("switches") == (Share(2, 2), Share(2, 2))
    assert figures.accuracy("others") == (Share(2, 4), Share(4, 4))
    assert figures.switches_lost == Share(0, 2)


def test_dialogues_are_read_with_what_is_new_in_a_turn(tmp_path: Path) -> None:
    folder = tmp_path / "dialogue" / "sgd_train"
    folder.mkdir(parents=True)
    user = [
        {"s": "U", "t": "a bus to Rome", "d": ["Buses_1"]},
        {"s": "S", "t": "What time? ", "d": ["Buses_1"]},
        {"s": "U", "t": "now", "d": ["Buses_1"]},
        {"s": "S", "t": "Booked.", "d": ["Buses_1"]},
        {"s": "U", "t": "and a room", "d": ["Buses_1", "Hotels_2"]},
    ]
    lines = [json.dumps({"id": str(number), "turns": user}) for number in range(2001)]
    (folder / "dialogues.jsonl").write_text("\n".join(lines))
    schema = [
        {"service_name": name, "description": name, "intents": [{"name": "FindIt"}]}
        for name in ("Buses_1", "Buses_2", "Hotels_2")
    ]
    (folder / "schema.json").write_text(json.dumps(schema))

    data = load_dialogues(tmp_path)
    kinds = load_dialogues(tmp_path, by_kind=True)

    assert (len(data.fit), len(data.held_out)) == (1500, 500)
    assert data.fit[0] == (
        UserTurn("a bus to Rome", frozenset({"Buses_1"}), False, False),
        UserTurn("now", frozenset({"Buses_1"}), False, True),
        UserTurn("and a room", frozenset({"Hotels_2"}), True, False),
    )
    assert {one.name: one.examples for one in data.examples} == {
        "Buses_1": ("a bus to Rome",),
        "Buses_2": (),
        "Hotels_2": ("and a room",),
    }
    assert [one.name for one in kinds.described] == ["Buses", "Hotels"]
    assert kinds.described[0].keywords == ("find it",)


def test_dialogues_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="sgd_train"):
        load_dialogues(tmp_path)
