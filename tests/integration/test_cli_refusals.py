"""What the command line cannot do is one line, and exit code 2."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fakes.command_line import SMALL_APP, assert_failed, run_command, write_small_app


@pytest.fixture
def small_app(tmp_path: Path) -> Path:
    return write_small_app(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "message", "kind"),
    [
        (["ask", ""], "the message is empty", "InvalidInputError"),
        (["ask", "\x07"], "control character", "InvalidInputError"),
        (["ask", "hello", "--allow", "nobody"], "unknown domain 'nobody'", "UnknownNameError"),
        (["ask", "hello", "--session", " "], "session_id", "InvalidInputError"),
        (["resume", "nothing"], "no session 'nothing'", "UnknownSessionError"),
        (["route", "hello", "--router", "dir"], "no such folder", "ConfigError"),
        (["ingest", "notes.md", "--domain", "order"], "did you mean 'orders'", "UnknownNameError"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_code_2(
    small_app: Path, arguments: list[str], message: str, kind: str
) -> None:
    assert_failed(run_command("--json", "--app", small_app, *arguments), message, kind)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name: [", "is not valid YAML"),
        ("- a list", "must hold keys and values"),
        ("name: Shop\ndomains: []", "key 'domains'"),
        ("name: Shop\ndomains: [missing_folder]", "missing_folder"),
        (SMALL_APP.replace("get_order_status", "get_order_statos"), "get_order_statos"),
        (SMALL_APP.replace(":build_tools", ":no_such_thing"), "no_such_thing"),
        (SMALL_APP.replace("notes.md", "no_notes"), "no_notes"),
        (SMALL_APP + "treshold: 0.5\n", "treshold"),
    ],
)
def test_a_broken_app_file_is_one_line(small_app: Path, content: str, message: str) -> None:
    small_app.write_text(content, encoding="utf-8")

    assert_failed(run_command("ask", "hello", "--app", small_app, "--json"), message, "ConfigError")


def test_an_app_file_that_does_not_exist(tmp_path: Path) -> None:
    assert_failed(
        run_command("ask", "hello", "--app", tmp_path / "none.yaml", "--json"),
        "none.yaml does not exist",
        "ConfigError",
    )


@pytest.mark.parametrize("command", [["ask", "hello"], ["sessions", "list"], ["chat"]])
def test_a_data_folder_that_is_a_file(small_app: Path, tmp_path: Path, command: list[str]) -> None:
    file = tmp_path / "file"
    file.write_text("x", encoding="utf-8")

    answer = run_command("--app", small_app, "--data-dir", file, "--json", *command)

    assert_failed(answer, str(file))
    assert json.loads(answer.stdout)["error"]["message"]


def test_a_wrong_setting_is_one_line(small_app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MDSA_REQUEST_TIMEOUT_S", "soon")

    assert_failed(
        run_command("ask", "hello", "--app", small_app, "--json"),
        "request_timeout_s",
        "ConfigError",
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["route"], "give either a text or --jsonl"),
        (["ingest", "a.md"], "give either --domain NAME or --global (see mdsa ingest --help)"),
        (["ingest", "a.md", "--global", "--domain", "orders"], "give either"),
        (["ask"], "Missing argument"),
        (["nonsense"], "No such command 'nonsense'"),
        (["sessions", "prune", "--max-age", "30x"], "'30x' is not an age"),
        (["ask", "hello", "--nonsense"], "No such option"),
        (["--nonsense", "ask", "hello"], "No such option"),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(arguments: list[str], message: str) -> None:
    assert_failed(run_command(*arguments, "--json"), message, "UsageError")

    plain = run_command(*arguments)
    assert_failed(plain, message)
    assert plain.stderr.count("\n") == 1
    assert plain.stdout == ""


@pytest.mark.parametrize("arguments", [[], ["sessions"]])
def test_without_a_command_there_is_help(arguments: list[str]) -> None:
    assert "Usage: " in run_command(*arguments).output


@pytest.mark.parametrize("tools", ["mdsa.tools.orders:build_tools", ""])
def test_a_data_folder_that_cannot_be_used_is_not_blamed_on_the_app(
    tmp_path: Path, tools: str
) -> None:
    app = tmp_path / "app.yaml"
    app.write_text(
        f"name: Shop\ntools: [{tools}]\n"
        "domains: [{name: orders, description: Orders, keywords: [order]}]\n",
        encoding="utf-8",
    )
    (tmp_path / "file").write_text("x", encoding="utf-8")
    folder = tmp_path / "file" / "data"

    answer = run_command("ask", "an order", "--app", app, "--data-dir", folder, "--json")

    assert_failed(answer, str(folder), "StorageError")
    assert "MDSA_DATA_DIR" in answer.stderr
    assert str(app) not in answer.stderr
