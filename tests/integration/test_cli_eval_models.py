"""`mdsa eval answers` and `mdsa eval tools` with the model that ships with the install."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fakes.command_line import assert_failed, run_command


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    squad = tmp_path / "rag" / "xquad_en"
    squad.mkdir(parents=True)
    articles = []
    for number, town in enumerate(("Arlen", "Corby", "Lune", "Ashby", "Dunmore", "Penrith") * 3):
        name = f"{town}{number}"
        text = f"The bridge of {name} was opened in {1850 + number}. It is made of steel."
        entry = {
            "question": f"When was the bridge of {name} opened?",
            "answers": [{"text": str(1850 + number), "answer_start": text.index("18")}],
        }
        articles.append({"title": name, "paragraphs": [{"context": text, "qas": [entry]}]})
    (squad / "xquad.en.json").write_text(json.dumps({"data": articles}), encoding="utf-8")
    return tmp_path


def test_the_reader_is_measured_by_default(data_dir: Path, tmp_path: Path) -> None:
    misses = tmp_path / "misses.jsonl"
    options = ("--data-dir", data_dir, "--datasets", "xquad_en", "--sample", "4")
    answer = run_command(
        *("eval", "answers", *options, "--only", "grounded", "--only", "merge", "--json"),
        *("--misses", misses),
    )

    assert answer.exit_code == 0, answer.output
    report = json.loads(answer.stdout)
    assert report["facts"]["models"] == ["embedded://reader"]
    figures = {
        (section["question"], figure["measure"]): figure["value"]
        for section in report["sections"]
        for figure in section["figures"]
    }
    assert figures["grounded", "right"] == 1.0
    assert figures["grounded", "invented"] == 0.0
    assert figures["merge", "every annotated answer kept"] == 1.0
    for line in misses.read_text(encoding="utf-8").splitlines():
        assert {"question", "model", "said"} <= set(json.loads(line))


def test_tables_are_shown_to_people(data_dir: Path) -> None:
    answer = run_command(
        *("eval", "answers", "--data-dir", data_dir, "--datasets", "xquad_en"),
        *("--sample", "4", "--only", "grounded"),
    )

    assert answer.exit_code == 0, answer.output
    assert "Answers from five passages" in answer.stdout
    assert "targets met" in answer.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("answers", "--only", "merging"), "grounded, decomposition, merge"),
        (("answers", "--model", "embedded://nobody"), "nobody"),
        (("tools",), "cannot read simple_python"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    data_dir: Path, arguments: tuple[str, ...], said: str
) -> None:
    answer = run_command("eval", *arguments, "--data-dir", data_dir, "--sample", "2")

    assert_failed(answer, said)
