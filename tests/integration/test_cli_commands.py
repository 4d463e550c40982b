"""The commands on a small app: what they write, and with which code they end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fakes.command_line import (
    SMALL_APP,
    ask_json,
    assert_failed,
    json_lines,
    run_command,
    write_small_app,
)


@pytest.fixture
def small_app(tmp_path: Path) -> Path:
    return write_small_app(tmp_path)


def test_ask_writes_the_result(small_app: Path) -> None:
    result = ask_json(small_app, "Where is order ORD-1001?", "--session", "s1", "--user", "ann")

    assert set(result) >= {
        "response",
        "domain",
        "confidence",
        "latency_ms",
        "used_reasoning",
        "decision",
        "domains",
        "sources",
        "tool_calls",
        "session_id",
        "degraded",
        "interrupts",
    }
    assert result["session_id"] == "s1"
    assert result["domains"] == ["orders"]
    assert [call["name"] for call in result["tool_calls"]] == ["get_order_status"]


def test_ask_for_people_shows_answer_and_session(small_app: Path) -> None:
    answer = run_command("--app", small_app, "ask", "Where is order ORD-1001?", "--session", "s1")

    assert answer.exit_code == 0
    assert "get_order_status(order_id='ORD-1001'): success" in answer.stdout
    assert "session s1" in answer.stdout
    assert answer.stderr == ""


def test_ask_reads_standard_input(small_app: Path) -> None:
    answer = run_command(
        "ask", "-", "--app", small_app, "--json", given="Where is order ORD-1002?\n"
    )

    assert "ORD-1002" in json.loads(answer.stdout)["tool_calls"][0]["content"]


def test_ask_keeps_to_the_allowed_domains(small_app: Path) -> None:
    result = ask_json(small_app, "Where is order ORD-1001?", "--allow", "returns")

    assert "orders" not in result["domains"]
    assert result["tool_calls"] == []


def test_a_writing_tool_waits_until_it_is_approved(small_app: Path) -> None:
    result = ask_json(small_app, "Please cancel order ORD-1005", "--session", "s2")
    assert [call["name"] for call in result["interrupts"][0]["calls"]] == ["cancel_order"]

    answer = run_command("resume", "s2", "--approve", "--app", small_app, "--json")

    done = json.loads(answer.stdout)
    assert done["interrupts"] == []
    assert [call["status"] for call in done["tool_calls"]] == ["success"]
    assert "cancelled" in ask_json(small_app, "Where is order ORD-1005?")["response"]


def test_a_writing_tool_that_is_declined_writes_nothing(small_app: Path) -> None:
    shown = run_command(
        "ask", "Please cancel order ORD-1005", "--session", "s3", "--app", small_app
    )
    assert "mdsa resume s3 --approve" in shown.stdout

    answer = run_command("resume", "s3", "--decline", "--app", small_app, "--json")

    assert [call["status"] for call in json.loads(answer.stdout)["tool_calls"]] == ["error"]
    assert "cancelled" not in ask_json(small_app, "Where is order ORD-1005?")["response"]


def test_chat_reads_a_pipe(small_app: Path) -> None:
    said = "Where is order ORD-1002?\n\n/session\n/sources\n/nonsense\n/quit\nnever read\n"

    answer = run_command("chat", "--app", small_app, "--session", "talk", given=said)

    assert answer.exit_code == 0
    assert "ORD-1002" in answer.stdout
    assert "talk" in answer.stdout
    assert "There is no command /nonsense" in answer.stderr
    assert "never read" not in answer.output


def test_chat_asks_for_approval(small_app: Path) -> None:
    said = "Please cancel order ORD-1005\nperhaps\ny\nWhere is order ORD-1005?\n"

    answer = run_command("chat", "--app", small_app, "--json", given=said)

    finals = [event["result"] for event in json_lines(answer) if event["type"] == "final"]
    assert [bool(result["interrupts"]) for result in finals] == [True, False, False]
    assert "Answer y or n" in answer.stderr
    assert "cancelled" in finals[-1]["response"]
    assert len({result["session_id"] for result in finals}) == 1


def test_chat_that_ends_before_the_approval_writes_nothing(small_app: Path) -> None:
    answer = run_command("chat", "--app", small_app, given="Please cancel order ORD-1005\n")

    assert answer.exit_code == 0
    assert "mdsa resume" in answer.stderr
    assert "cancelled" not in ask_json(small_app, "Where is order ORD-1005?")["response"]


def test_chat_streams_what_the_answer_says(small_app: Path) -> None:
    answer = run_command("chat", "--app", small_app, "--json", given="When is the shop open?\n")

    events = json_lines(answer)
    assert events[-1]["type"] == "final"
    assert {"route", "node"} <= {event["type"] for event in events}
    plain = run_command("chat", "--app", small_app, given="When is the shop open?\n")
    assert plain.stdout.strip() == events[-1]["result"]["response"].strip()


def test_chat_from_a_pipe_ends_at_a_message_that_cannot_be_used(small_app: Path) -> None:
    answer = run_command("chat", "--app", small_app, given="bell \x07\nWhere is order ORD-1002?\n")

    assert_failed(answer, "control character")
    assert "ORD-1002" not in answer.stdout


def test_ingest_stores_and_reports(small_app: Path, tmp_path: Path) -> None:
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "one.md").write_text("# One\n\nThe first.\n", encoding="utf-8")
    (folder / "two.txt").write_text("The second.\n", encoding="utf-8")

    first = run_command("ingest", folder, "--domain", "returns", "--app", small_app, "--json")
    (folder / "two.txt").unlink()
    second = run_command("ingest", folder, "--domain", "returns", "--app", small_app, "--json")

    assert first.exit_code == 0
    assert {"files": 2, "added": 2, "failed": []}.items() <= json.loads(first.stdout).items()
    expected = {"added": 0, "unchanged": 1, "deleted": 1}
    assert expected.items() <= json.loads(second.stdout).items()
    assert "added" in run_command("ingest", folder, "--global", "--app", small_app).stdout


def test_ingest_lists_what_cannot_be_read_and_stores_the_rest(
    small_app: Path, tmp_path: Path
) -> None:
    good, bad = tmp_path / "good.md", tmp_path / "bad.pdf"
    good.write_text("# Good\n\nFine.\n", encoding="utf-8")
    bad.write_bytes(b"not a PDF")

    answer = run_command("ingest", good, bad, tmp_path / "none.md", "--global", "--app", small_app)

    assert_failed(answer, f"error: {bad}")
    assert "none.md" in answer.stderr
    again = run_command("ingest", good, bad, "--global", "--app", small_app, "--json")
    report = json.loads(again.stdout)
    assert report["unchanged"] == 1
    assert [failure["path"] for failure in report["failed"]] == [str(bad)]


def test_doctor_finds_nothing_wrong(small_app: Path) -> None:
    answer = run_command("doctor", "--app", small_app, "--json")

    report = json.loads(answer.stdout)
    assert [check for check in report["checks"] if check["status"] == "problem"] == []
    assert answer.exit_code == 0
    assert report["healthy"] is True
    assert "Everything configured can be used" in run_command("doctor", "--app", small_app).stdout


def test_doctor_leaves_nothing_behind(small_app: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"

    run_command("doctor", "--app", small_app, "--data-dir", data)

    assert not data.exists()


def test_doctor_after_use_counts_sessions_and_knowledge(small_app: Path) -> None:
    ask_json(small_app, "Where is order ORD-1001?")

    checks = json.loads(run_command("doctor", "--app", small_app, "--json").stdout)["checks"]

    details = {check["name"]: check["detail"] for check in checks}
    assert details["sessions"].startswith("1 in ")
    assert "shared 1" in details["knowledge"]


@pytest.mark.parametrize(
    ("old", "new", "check"),
    [
        ("mdsa.tools.orders", "mdsa.tools.odrers", "tools"),
        ("get_order_status", "get_order_statos", "tools"),
        ("name: Small shop", "name: Small shop\nmodel: hf://no/such-model", "model (default)"),
        ("name: Small shop", "nam: Small shop", "app file"),
    ],
)
def test_doctor_names_what_cannot_be_used(small_app: Path, old: str, new: str, check: str) -> None:
    small_app.write_text(SMALL_APP.replace(old, new), encoding="utf-8")

    answer = run_command("doctor", "--app", small_app, "--json")

    problems = [c for c in json.loads(answer.stdout)["checks"] if c["status"] == "problem"]
    assert answer.exit_code == 1
    assert [problem["name"] for problem in problems] == [check]
    assert problems[0]["remedy"]


def test_doctor_names_a_damaged_session_database(small_app: Path, tmp_path: Path) -> None:
    (tmp_path / "sessions.db").write_bytes(b"no database" * 100)

    answer = run_command("doctor", "--app", small_app, "--data-dir", tmp_path)

    assert answer.exit_code == 1
    assert "Problems found" in answer.stdout


def test_eval_retrieval_names_data_that_is_missing(tmp_path: Path) -> None:
    assert_failed(
        run_command("--json", "eval", "retrieval", "--data-dir", tmp_path, "--datasets", "nosuch"),
        "unknown data set 'nosuch'",
        "InvalidInputError",
    )
