import json

import pytest
from fakes.command_line import assert_failed, run_command
from fakes.tiny_bert import labelled_rows, write_tiny_bert

from mdsa.router.trained_folder import read_trained_folder


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    return write_tiny_bert(tmp_path_factory.mktemp("tiny"))


def write_rows(path, rows):
    lines = [{"text": row.text, "intent": row.label, "domain": row.domain} for row in rows]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return path


def test_a_router_is_trained_from_files(start, tmp_path):
    data = write_rows(tmp_path / "train.jsonl", labelled_rows(12, domains=True))
    val = write_rows(tmp_path / "val.jsonl", labelled_rows(4, domains=True, seed=9))
    oos = tmp_path / "oos.jsonl"
    oos.write_text('{"text": "sing a song"}\n{"text": "what is love"}\n', encoding="utf-8")
    out = tmp_path / "model-best-tinybert"
    options = ["--epochs", "1", "--no-teacher", "--no-check", "--start", start]
    answer = run_command(
        *("train", "router", "--data", data, "--val", val, "--oos", oos, "--out", out, "--json"),
        *options,
    )
    assert answer.exit_code == 0, answer.stderr
    report = json.loads(answer.stdout)
    assert report["path"] == str(out)
    assert report["data"]["train"] == 36
    assert report["training"]["epochs_run"] == 1
    assert 0 <= report["metrics"]["label_accuracy"] <= 1
    assert set(read_trained_folder(out).manifest.domains) == {"orders", "account"}

    # Without --json a person reads figures, and where the router is.
    answer = run_command("train", "router", "--data", data, "--out", out, *options)
    assert answer.exit_code == 0, answer.stderr
    assert "label accuracy" in answer.stdout
    assert str(out) in answer.stdout


def test_what_cannot_be_trained_is_one_line(start, tmp_path):
    lone = write_rows(tmp_path / "lone.jsonl", labelled_rows(3)[::3])
    command = ["--json", "train", "router", "--no-check", "--start", start]
    assert_failed(
        run_command(*command, "--data", lone, "--out", tmp_path / "x"),
        "two labels or more",
        "InvalidInputError",
    )
    rows = write_rows(tmp_path / "rows.jsonl", labelled_rows(4))
    assert_failed(
        run_command(*command, "--data", rows, "--out", tmp_path), "is not empty", "ConfigError"
    )
    assert_failed(
        run_command(*command, "--data", rows, "--out", tmp_path / "x", "--resume"),
        "there is none",
        "ConfigError",
    )
    rows.write_text('{"text": "", "label": "a"}\n', encoding="utf-8")
    assert_failed(
        run_command(*command, "--data", rows, "--out", tmp_path / "x"),
        "rows.jsonl, line 1",
        "InvalidInputError",
    )
