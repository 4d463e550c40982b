"""The commands on a small app: what they write, and with which code they end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from mdsa.cli.app import app

_APP = """
name: Small shop
domains:
  - name: orders
    description: Where an order is, when it arrives, and cancelling it.
    keywords: [order, parcel, delivery, cancel order]
    tools: [get_order_status, cancel_order]
  - name: returns
    description: Returns and refunds of what was bought.
    keywords: [return, refund, money back]
tools: [mdsa.tools.orders:build_tools]
knowledge: {global: [notes.md]}
"""
_NOTES = "# Opening hours\n\nThe shop is open from nine to five.\n"


@pytest.fixture
def small_app(tmp_path: Path) -> Path:
    (tmp_path / "notes.md").write_text(_NOTES, encoding="utf-8")
    path = tmp_path / "shop.yaml"
    path.write_text(_APP, encoding="utf-8")
    return path


def _run(*arguments: str | Path, given: str | bytes | None = None) -> Result:
    answer = CliRunner().invoke(app, [str(argument) for argument in arguments], input=given)
    if answer.exception is not None and not isinstance(answer.exception, SystemExit):
        raise answer.exception
    return answer


def _ask(small_app: Path, *arguments: str) -> dict[str, Any]:
    answer = _run("ask", "--app", small_app, "--json", *arguments)
    assert answer.exit_code == 0, answer.stderr
    return dict(json.loads(answer.stdout))


def _lines(answer: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer.stdout.splitlines()]


def _assert_failed(answer: Result, message: str, kind: str | None = None) -> None:
    assert answer.exit_code == 2
    assert message in answer.stderr
    assert "Traceback" not in answer.output
    if kind is not None:
        assert answer.stderr.count("\n") == 1
        assert answer.stderr.startswith("error: ")
        assert json.loads(answer.stdout.splitlines()[-1])["error"]["type"] == kind


def test_ask_writes_the_result(small_app: Path) -> None:
    result = _ask(small_app, "Where is order ORD-1001?", "--session", "s1", "--user", "ann")

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
    answer = _run("--app", small_app, "ask", "Where is order ORD-1001?", "--session", "s1")

    assert answer.exit_code == 0
    assert "get_order_status(order_id='ORD-1001'): success" in answer.stdout
    assert "session s1" in answer.stdout
    assert answer.stderr == ""


def test_ask_reads_standard_input(small_app: Path) -> None:
    answer = _run("ask", "-", "--app", small_app, "--json", given="Where is order ORD-1002?\n")

    assert "ORD-1002" in json.loads(answer.stdout)["tool_calls"][0]["content"]


def test_ask_keeps_to_the_allowed_domains(small_app: Path) -> None:
    result = _ask(small_app, "Where is order ORD-1001?", "--allow", "returns")

    assert "orders" not in result["domains"]
    assert result["tool_calls"] == []


def test_a_writing_tool_waits_until_it_is_approved(small_app: Path) -> None:
    result = _ask(small_app, "Please cancel order ORD-1005", "--session", "s2")
    assert [call["name"] for call in result["interrupts"][0]["calls"]] == ["cancel_order"]

    answer = _run("resume", "s2", "--approve", "--app", small_app, "--json")

    done = json.loads(answer.stdout)
    assert done["interrupts"] == []
    assert [call["status"] for call in done["tool_calls"]] == ["success"]
    assert "cancelled" in _ask(small_app, "Where is order ORD-1005?")["response"]


def test_a_writing_tool_that_is_declined_writes_nothing(small_app: Path) -> None:
    shown = _run("ask", "Please cancel order ORD-1005", "--session", "s3", "--app", small_app)
    assert "mdsa resume s3 --approve" in shown.stdout

    answer = _run("resume", "s3", "--decline", "--app", small_app, "--json")

    assert [call["status"] for call in json.loads(answer.stdout)["tool_calls"]] == ["error"]
    assert "cancelled" not in _ask(small_app, "Where is order ORD-1005?")["response"]


@pytest.mark.parametrize(
    ("arguments", "message", "kind"),
    [
        (["ask", ""], "the message is empty", "InvalidInputError"),
        (["ask", "\x07"], "control character", "InvalidInputError"),
        (["ask", "hello", "--allow", "nobody"], "unknown domain 'nobody'", "UnknownNameError"),
        (["ask", "hello", "--session", " "], "session_id", "InvalidInputError"),
        (["resume", "nothing"], "no session 'nothing'", "UnknownSessionError"),
        (["route", "hello", "--router", "dir"], "later version", "ConfigError"),
        (["ingest", "notes.md", "--domain", "order"], "did you mean 'orders'", "UnknownNameError"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_code_2(
    small_app: Path, arguments: list[str], message: str, kind: str
) -> None:
    _assert_failed(_run("--json", "--app", small_app, *arguments), message, kind)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name: [", "is not valid YAML"),
        ("- a list", "must hold keys and values"),
        ("name: Shop\ndomains: []", "key 'domains'"),
        ("name: Shop\ndomains: [missing_folder]", "missing_folder"),
        (_APP.replace("get_order_status", "get_order_statos"), "get_order_statos"),
        (_APP.replace(":build_tools", ":no_such_thing"), "no_such_thing"),
        (_APP.replace("notes.md", "no_notes"), "no_notes"),
        (_APP + "treshold: 0.5\n", "treshold"),
    ],
)
def test_a_broken_app_file_is_one_line(small_app: Path, content: str, message: str) -> None:
    small_app.write_text(content, encoding="utf-8")

    _assert_failed(_run("ask", "hello", "--app", small_app, "--json"), message, "ConfigError")


def test_an_app_file_that_does_not_exist(tmp_path: Path) -> None:
    _assert_failed(
        _run("ask", "hello", "--app", tmp_path / "none.yaml", "--json"),
        "none.yaml does not exist",
        "ConfigError",
    )


@pytest.mark.parametrize("command", [["ask", "hello"], ["sessions", "list"], ["chat"]])
def test_a_data_folder_that_is_a_file(small_app: Path, tmp_path: Path, command: list[str]) -> None:
    file = tmp_path / "file"
    file.write_text("x", encoding="utf-8")

    answer = _run("--app", small_app, "--data-dir", file, "--json", *command)

    _assert_failed(answer, str(file))
    assert json.loads(answer.stdout)["error"]["message"]


def test_a_wrong_setting_is_one_line(small_app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MDSA_REQUEST_TIMEOUT_S", "soon")

    _assert_failed(
        _run("ask", "hello", "--app", small_app, "--json"), "request_timeout_s", "ConfigError"
    )


def test_chat_reads_a_pipe(small_app: Path) -> None:
    said = "Where is order ORD-1002?\n\n/session\n/sources\n/nonsense\n/quit\nnever read\n"

    answer = _run("chat", "--app", small_app, "--session", "talk", given=said)

    assert answer.exit_code == 0
    assert "ORD-1002" in answer.stdout
    assert "talk" in answer.stdout
    assert "There is no command /nonsense" in answer.stderr
    assert "never read" not in answer.output


def test_chat_asks_for_approval(small_app: Path) -> None:
    said = "Please cancel order ORD-1005\nperhaps\ny\nWhere is order ORD-1005?\n"

    answer = _run("chat", "--app", small_app, "--json", given=said)

    finals = [event["result"] for event in _lines(answer) if event["type"] == "final"]
    assert [bool(result["interrupts"]) for result in finals] == [True, False, False]
    assert "Answer y or n" in answer.stderr
    assert "cancelled" in finals[-1]["response"]
    assert len({result["session_id"] for result in finals}) == 1


def test_chat_that_ends_before_the_approval_writes_nothing(small_app: Path) -> None:
    answer = _run("chat", "--app", small_app, given="Please cancel order ORD-1005\n")

    assert answer.exit_code == 0
    assert "mdsa resume" in answer.stderr
    assert "cancelled" not in _ask(small_app, "Where is order ORD-1005?")["response"]


def test_chat_streams_what_the_answer_says(small_app: Path) -> None:
    answer = _run("chat", "--app", small_app, "--json", given="When is the shop open?\n")

    events = _lines(answer)
    assert events[-1]["type"] == "final"
    assert {"route", "node"} <= {event["type"] for event in events}
    plain = _run("chat", "--app", small_app, given="When is the shop open?\n")
    assert plain.stdout.strip() == events[-1]["result"]["response"].strip()


def test_chat_from_a_pipe_ends_at_a_message_that_cannot_be_used(small_app: Path) -> None:
    answer = _run("chat", "--app", small_app, given="bell \x07\nWhere is order ORD-1002?\n")

    _assert_failed(answer, "control character")
    assert "ORD-1002" not in answer.stdout


def test_route_shows_the_apps_domains(small_app: Path) -> None:
    answer = _run("route", "I want a refund", "--app", small_app, "--json")

    verdict = json.loads(answer.stdout)
    assert verdict["domain"] == "returns"
    assert set(verdict["scores"]) == {"orders", "returns"}
    assert verdict["confidence"] == verdict["scores"]["returns"]
    shown = _run("route", "I want a refund", "--app", small_app)
    assert "returns" in shown.stdout


def test_route_of_lines_over_given_domains(tmp_path: Path) -> None:
    domains = [
        {"name": "weather", "description": "Rain, sun and temperature.", "keywords": ["rain"]},
        {
            "name": "food & drink",
            "description": "Recipes and cooking.",
            "keywords": [],
            "examples": ["How do I bake bread?"],
        },
    ]
    path = tmp_path / "domains.json"
    path.write_text(json.dumps(domains), encoding="utf-8")
    texts = ["Will it rain tomorrow?", "How do I bake bread?"]
    given = "".join(json.dumps({"text": text, "id": 1}) + "\n" for text in texts)

    answer = _run("route", "--domains", path, "--jsonl", given=given)

    verdicts = _lines(answer)
    assert [verdict["domain"] for verdict in verdicts] == ["weather", "food & drink"]
    for verdict in verdicts:
        assert set(verdict) >= {"domain", "confidence", "scores", "decision"}
        assert verdict["decision"] in {"direct", "decompose", "clarify", "unmatched"}


def test_route_stops_at_a_broken_line(small_app: Path) -> None:
    given = '{"text": "refund"}\n{"text"\n'

    answer = _run("route", "--jsonl", "--app", small_app, given=given)

    _assert_failed(answer, "line 2")
    assert len(_lines(answer)) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("nothing", "Invalid JSON"),
        ("[]", "no domain"),
        ('{"name": "a"}', "array"),
        ('[{"name": "a"}]', "0.description"),
        ('[{"name": "", "description": "d"}]', "0.name"),
    ],
)
def test_domains_that_cannot_be_read(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "domains.json"
    path.write_text(content, encoding="utf-8")

    _assert_failed(_run("--json", "route", "x", "--domains", path), message, "ConfigError")


def test_domains_of_the_same_name(tmp_path: Path) -> None:
    path = tmp_path / "domains.json"
    path.write_text(json.dumps([{"name": "a", "description": "d"}] * 2), encoding="utf-8")

    _assert_failed(_run("--json", "route", "x", "--domains", path), "'a'", "DuplicateNameError")


@pytest.mark.parametrize(
    "arguments",
    [
        ["route"],
        ["route", "text", "--jsonl"],
        ["ingest", "a.md"],
        ["ingest", "a.md", "--global", "--domain", "orders"],
        ["ask"],
        ["nonsense"],
        ["sessions", "prune", "--max-age", "soon"],
    ],
)
def test_wrong_usage_is_code_2(small_app: Path, arguments: list[str]) -> None:
    _assert_failed(_run("--app", small_app, *arguments), "Usage: ")


def test_ingest_stores_and_reports(small_app: Path, tmp_path: Path) -> None:
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "one.md").write_text("# One\n\nThe first.\n", encoding="utf-8")
    (folder / "two.txt").write_text("The second.\n", encoding="utf-8")

    first = _run("ingest", folder, "--domain", "returns", "--app", small_app, "--json")
    (folder / "two.txt").unlink()
    second = _run("ingest", folder, "--domain", "returns", "--app", small_app, "--json")

    assert first.exit_code == 0
    assert {"files": 2, "added": 2, "failed": []}.items() <= json.loads(first.stdout).items()
    expected = {"added": 0, "unchanged": 1, "deleted": 1}
    assert expected.items() <= json.loads(second.stdout).items()
    assert "added" in _run("ingest", folder, "--global", "--app", small_app).stdout


def test_ingest_lists_what_cannot_be_read_and_stores_the_rest(
    small_app: Path, tmp_path: Path
) -> None:
    good, bad = tmp_path / "good.md", tmp_path / "bad.pdf"
    good.write_text("# Good\n\nFine.\n", encoding="utf-8")
    bad.write_bytes(b"not a PDF")

    answer = _run("ingest", good, bad, tmp_path / "none.md", "--global", "--app", small_app)

    _assert_failed(answer, f"error: {bad}")
    assert "none.md" in answer.stderr
    again = _run("ingest", good, bad, "--global", "--app", small_app, "--json")
    report = json.loads(again.stdout)
    assert report["unchanged"] == 1
    assert [failure["path"] for failure in report["failed"]] == [str(bad)]


def test_doctor_finds_nothing_wrong(small_app: Path) -> None:
    answer = _run("doctor", "--app", small_app, "--json")

    report = json.loads(answer.stdout)
    assert [check for check in report["checks"] if check["status"] == "problem"] == []
    assert answer.exit_code == 0
    assert report["healthy"] is True
    assert "Everything configured can be used" in _run("doctor", "--app", small_app).stdout


def test_doctor_leaves_nothing_behind(small_app: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"

    _run("doctor", "--app", small_app, "--data-dir", data)

    assert not data.exists()


def test_doctor_after_use_counts_sessions_and_knowledge(small_app: Path) -> None:
    _ask(small_app, "Where is order ORD-1001?")

    checks = json.loads(_run("doctor", "--app", small_app, "--json").stdout)["checks"]

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
    small_app.write_text(_APP.replace(old, new), encoding="utf-8")

    answer = _run("doctor", "--app", small_app, "--json")

    problems = [c for c in json.loads(answer.stdout)["checks"] if c["status"] == "problem"]
    assert answer.exit_code == 1
    assert [problem["name"] for problem in problems] == [check]
    assert problems[0]["remedy"]


def test_doctor_names_a_damaged_session_database(small_app: Path, tmp_path: Path) -> None:
    (tmp_path / "sessions.db").write_bytes(b"no database" * 100)

    answer = _run("doctor", "--app", small_app, "--data-dir", tmp_path)

    assert answer.exit_code == 1
    assert "Problems found" in answer.stdout


def test_eval_retrieval_names_data_that_is_missing(tmp_path: Path) -> None:
    _assert_failed(
        _run("--json", "eval", "retrieval", "--data-dir", tmp_path, "--datasets", "nosuch"),
        "unknown data set 'nosuch'",
        "InvalidInputError",
    )
