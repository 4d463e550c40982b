"""`mdsa eval routing` over a user's own rows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fakes.command_line import assert_failed, run_command

ROWS = {
    "card": ("my card is lost", "block my card", "where is my new card", "card not accepted"),
    "weather": ("will it rain", "is it sunny today", "how cold is it", "weather tomorrow"),
}


@pytest.fixture
def own(tmp_path: Path) -> dict[str, Path]:
    """Files val, train, oos and domains."""
    rows = [{"text": text, "label": label} for label, texts in ROWS.items() for text in texts]
    contents = {
        "val": rows[::2],
        "train": rows[1::2],
        "oos": [{"text": "who wrote hamlet"}, {"text": "sing me a song"}],
    }
    for name, entries in contents.items():
        lines = "".join(json.dumps(entry) + "\n" for entry in entries)
        (tmp_path / f"{name}.jsonl").write_text(lines)
    described = [{"name": label, "description": f"About the {label}."} for label in ROWS]
    (tmp_path / "domains.json").write_text(json.dumps(described))
    files = {name: tmp_path / f"{name}.jsonl" for name in contents}
    return {**files, "domains": tmp_path / "domains.json"}


def test_own_rows_are_measured_and_reported(own: dict[str, Path], tmp_path: Path) -> None:
    out = tmp_path / "report"
    answer = run_command(
        *("eval", "routing", "--jsonl", own["val"], "--train", own["train"], "--oos", own["oos"]),
        *("--domains", own["domains"], "--only", "few_shot", "--only", "zero_shot"),
        *("--only", "out_of_scope", "--seeds", "2", "--out", out),
    )
    assert answer.exit_code == 0, answer.output
    assert "accuracy (%)" in answer.stdout
    assert "TinyBERT, zero-shot" in answer.stdout
    assert str(out / "report.html") in answer.stdout.replace("\n", "")
    report = json.loads((out / "report.json").read_text())
    assert [section["question"] for section in report["sections"]] == [
        "few_shot",
        "zero_shot",
        "out_of_scope",
    ]
    assert {figure["rows"] for figure in report["sections"][1]["figures"]} == {4}


def test_json_says_what_was_not_measured(own: dict[str, Path]) -> None:
    answer = run_command("eval", "routing", "--jsonl", own["val"], "--only", "intents", "--json")
    assert answer.exit_code == 0, answer.output
    (section,) = json.loads(answer.stdout)["sections"]
    assert section["figures"] == []
    assert "--router val=DIR" in section["notes"][0]


def test_what_cannot_be_used_is_refused(own: dict[str, Path], tmp_path: Path) -> None:
    rows = ("eval", "routing", "--jsonl", own["val"])
    cases: list[tuple[tuple[str | Path, ...], str]] = [
        (("eval", "routing"), "nothing to measure on: give --data-dir DIR or --jsonl FILE"),
        (("eval", "routing", "--data-dir", tmp_path, "--train", own["train"]), "give --jsonl"),
        ((*rows, "--router", "val"), "--router 'val': write NAME=DIR"),
        ((*rows, "--router", "val=a", "--router", "val=b"), "val is given twice"),
        ((*rows, "--router", f"val={tmp_path / 'none'}"), "there is no folder"),
        ((*rows, "--jsonl", own["val"]), "the name 'val' is taken"),
        ((*rows, "--only", "nosuch"), "unknown question 'nosuch'"),
        ((*rows, "--domains", own["val"]), "val.jsonl"),
        ((*rows, "--only", "intents", "--out", own["val"] / "x"), "cannot write the report"),
        (("eval", "routing", "--data-dir", tmp_path, "--only", "intents"), "clinc150/train.jsonl"),
    ]
    for arguments, message in cases:
        answer = run_command(*arguments)
        assert answer.exit_code == 2, arguments
        assert message in answer.stderr.replace("\n", " "), arguments
        assert_failed(answer, "error: ")
