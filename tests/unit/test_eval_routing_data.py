"""Labelled sets as their folders hold them, and fixed draws of few examples."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mdsa.errors import InvalidInputError
from mdsa.evals.routing_data import Part, draw_examples, load_intent_set, load_own_set


def write(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def clinc150(folder: Path) -> None:
    rows: list[dict[str, object]] = [
        {"text": "pay my bill", "intent": "pay", "domain": "bank"},
        {"text": "move money", "intent": "transfer", "domain": "bank"},
        {"text": "book a flight", "intent": "flight", "domain": "travel"},
    ]
    write(folder / "intent/clinc150/train.jsonl", rows)
    write(folder / "intent/clinc150/val.jsonl", rows[:2])
    write(
        folder / "intent/clinc150/oos_val.jsonl",
        [{"text": "why is the sky blue", "intent": "oos", "domain": None}],
    )


def test_clinc150_by_intent_and_by_domain(tmp_path: Path):
    clinc150(tmp_path)
    intents = load_intent_set("clinc150", tmp_path)
    assert intents.title == "CLINC150, 3 intents"
    assert intents.labels == ("flight", "pay", "transfer")
    assert intents.validation == Part(("pay my bill", "move money"), ("pay", "transfer"))
    assert intents.out_of_scope == ("why is the sky blue",)
    domains = load_intent_set("clinc150_domains", tmp_path)
    assert domains.title == "CLINC150, 2 domains"
    assert domains.train.labels == ("bank", "bank", "travel")
    assert domains.validation.labels == ("bank", "bank")
    assert domains.out_of_scope == intents.out_of_scope


def test_hwu64_names_its_scenarios_in_its_labels(tmp_path: Path):
    rows: list[dict[str, object]] = [
        {"text": "wake me", "intent": "alarm_set"},
        {"text": "which alarms", "intent": "alarm_query"},
        {"text": "louder", "intent": "audio_volume_up"},
    ]
    for part in ("train", "valid", "train_5", "train_10"):
        write(tmp_path / f"intent/hwu64/{part}.jsonl", rows)
    assert load_intent_set("hwu64", tmp_path).published_draws[5].texts == (
        "wake me",
        "which alarms",
        "louder",
    )
    scenarios = load_intent_set("hwu64_scenarios", tmp_path)
    assert scenarios.validation.labels == ("alarm", "alarm", "audio")


def test_near_domain_rows_are_not_trained_on(tmp_path: Path):
    write(
        tmp_path / "intent/banking77/train.jsonl",
        [
            {"text": "Where is my card?", "intent": "card_arrival"},
            {"text": "my card has not come", "intent": "card_arrival"},
            {"text": "how old must I be", "intent": "age_limit"},
        ],
    )
    folder = tmp_path / "intent/banking77_oos"
    write(folder / "valid.jsonl", [{"text": "where is my card? ", "intent": "card_arrival"}])
    write(folder / "id-oos_valid.jsonl", [{"text": "how old must I be", "intent": "oos"}])
    data = load_intent_set("banking77_oos", tmp_path)
    assert data.train == Part(("my card has not come",), ("card_arrival",))
    assert data.out_of_scope == ("how old must I be",)


def test_bitext_keeps_its_own_keys(tmp_path: Path):
    row: dict[str, object] = {
        "utterance": "cancel it",
        "intent": "cancel_order",
        "category": "ORDER",
    }
    for part in ("train", "dev"):
        write(tmp_path / f"intent/bitext_support/{part}.jsonl", [row])
    data = load_intent_set("bitext_categories", tmp_path)
    assert data.validation == Part(("cancel it",), ("ORDER",))


def test_what_is_missing_is_named_with_its_source(tmp_path: Path):
    with pytest.raises(InvalidInputError, match=r"banking77/train\.jsonl.*PolyAI-LDN"):
        load_intent_set("banking77", tmp_path)
    with pytest.raises(InvalidInputError, match="unknown data set 'clinc'; known are clinc150"):
        load_intent_set("clinc", tmp_path)
    path = tmp_path / "intent/banking77/train.jsonl"
    write(path, [{"text": "hi", "label": "greeting"}])
    with pytest.raises(InvalidInputError, match=r"train\.jsonl: a row without a string 'intent'"):
        load_intent_set("banking77", tmp_path)
    path.write_text("not json\n")
    with pytest.raises(InvalidInputError, match="is not JSON lines"):
        load_intent_set("banking77", tmp_path)


def test_own_rows(tmp_path: Path):
    write(tmp_path / "val.jsonl", [{"text": "hello", "label": "greeting"}])
    write(tmp_path / "train.jsonl", [{"text": "hi", "label": "greeting"}])
    write(tmp_path / "oos.jsonl", [{"text": "xyzzy"}])
    data = load_own_set(tmp_path / "val.jsonl", tmp_path / "train.jsonl", tmp_path / "oos.jsonl")
    assert (data.name, data.labels) == ("val", ("greeting",))
    assert data.train.texts == ("hi",)
    assert data.out_of_scope == ("xyzzy",)
    assert load_own_set(tmp_path / "val.jsonl").train.texts == ()


def test_own_labels_must_be_trained(tmp_path: Path):
    write(tmp_path / "val.jsonl", [{"text": "hello", "label": "greeting"}])
    write(tmp_path / "train.jsonl", [{"text": "bye", "label": "farewell"}])
    with pytest.raises(InvalidInputError, match=r"without a row in .*train\.jsonl: greeting"):
        load_own_set(tmp_path / "val.jsonl", tmp_path / "train.jsonl")


def test_draws_are_fixed_and_distinct():
    rows = [(f"text {number % 8}", "a") for number in range(20)] + [("only", "b")]
    part = Part.of(rows)
    drawn = draw_examples(part, 5, seed=1)
    assert drawn.labels == ("a",) * 5 + ("b",)
    assert len(set(drawn.texts)) == 6
    assert drawn == draw_examples(Part.of(rows[::-1]), 5, seed=1)
    assert len({draw_examples(part, 5, seed).texts for seed in range(5)}) > 1
