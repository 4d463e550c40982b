"""`mdsa sessions` on a data folder that has some."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest
from typer import BadParameter
from typer.testing import CliRunner, Result

from mdsa.cli.app import app
from mdsa.cli.sessions import parse_age
from mdsa.sessions import open_session_store


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    async def fill() -> None:
        async with open_session_store(tmp_path) as store:
            for session, user in (("first", "ann"), ("second", None), ("third", "ann")):
                async with store.hold(session, user):
                    await store.after_turn(session, messages=2, last_domain="orders")

    asyncio.run(fill())
    return tmp_path


def _run(data_dir: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["--data-dir", str(data_dir), "sessions", *arguments])


def _ids(data_dir: Path, *arguments: str) -> list[str]:
    answer = _run(data_dir, "list", "--json", *arguments)
    assert answer.exit_code == 0
    return [session["session_id"] for session in json.loads(answer.stdout)]


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("30d", timedelta(days=30)),
        ("12h", timedelta(hours=12)),
        ("90m", timedelta(minutes=90)),
        ("2W", timedelta(weeks=2)),
        (" 45 s ", timedelta(seconds=45)),
    ],
)
def test_ages(text: str, age: timedelta) -> None:
    assert parse_age(text) == age


@pytest.mark.parametrize("text", ["", "30", "d", "-1d", "1.5h", "30 days", "9999999d"])
def test_what_is_no_age(text: str) -> None:
    with pytest.raises(BadParameter, match="is not an age"):
        parse_age(text)


def test_list_has_the_last_used_first(data_dir: Path) -> None:
    assert _ids(data_dir) == ["third", "second", "first"]
    assert _ids(data_dir, "--user", "ann") == ["third", "first"]
    assert _ids(data_dir, "--limit", "1") == ["third"]


def test_list_for_people(data_dir: Path, tmp_path: Path) -> None:
    assert "third" in _run(data_dir, "list").stdout
    assert "There are no sessions" in _run(tmp_path / "none", "list").stdout


@pytest.mark.parametrize(("length", "lines"), [(32, 1), (100, 2)])
def test_an_id_is_shown_whole(tmp_path: Path, length: int, lines: int) -> None:
    session = "0123456789" * 10

    async def fill() -> None:
        async with open_session_store(tmp_path) as store, store.hold(session[:length], "u" * 32):
            await store.after_turn(session[:length], messages=2, last_domain="customer_support")

    asyncio.run(fill())

    shown = _run(tmp_path, "list").stdout
    column = [line.split(" ")[0] for line in shown.splitlines()[1:]]
    assert "".join(column) == session[:length]
    assert len([part for part in column if part]) >= lines
    assert lines > 1 or column[0] == session[:length]


def test_show(data_dir: Path) -> None:
    answer = _run(data_dir, "show", "first", "--json")

    shown = json.loads(answer.stdout)
    assert (shown["session_id"], shown["user_id"], shown["turns"]) == ("first", "ann", 1)
    assert "ann" in _run(data_dir, "show", "first").stdout


@pytest.mark.parametrize("command", ["show", "delete"])
def test_a_session_that_does_not_exist(data_dir: Path, command: str) -> None:
    answer = _run(data_dir, command, "nope", "--json")

    assert answer.exit_code == 2
    assert answer.stderr.startswith("error: no session 'nope'")
    assert json.loads(answer.stdout)["error"]["type"] == "UnknownSessionError"


def test_another_users_session(data_dir: Path) -> None:
    answer = _run(data_dir, "delete", "first", "--user", "bob")

    assert answer.exit_code == 2
    assert "belongs to another user" in answer.stderr
    assert "first" in _ids(data_dir)


def test_delete(data_dir: Path) -> None:
    answer = _run(data_dir, "delete", "first", "--json")

    assert json.loads(answer.stdout) == {"deleted": ["first"]}
    assert _ids(data_dir) == ["third", "second"]
    assert "Deleted session second" in _run(data_dir, "delete", "second").stdout


def test_prune_by_number(data_dir: Path) -> None:
    answer = _run(data_dir, "prune", "--max-sessions", "1", "--json")

    assert sorted(json.loads(answer.stdout)["deleted"]) == ["first", "second"]
    assert _ids(data_dir) == ["third"]


def test_prune_by_age(data_dir: Path) -> None:
    assert json.loads(_run(data_dir, "prune", "--max-age", "1d", "--json").stdout)["deleted"] == []
    assert "first, second, third" in _run(data_dir, "prune", "--max-age", "0s").stdout
    assert _ids(data_dir) == []


def test_prune_with_an_age_that_is_none_deletes_nothing(data_dir: Path) -> None:
    answer = _run(data_dir, "prune", "--max-age", "soon")

    assert answer.exit_code == 2
    assert len(_ids(data_dir)) == 3


def test_a_damaged_database_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "sessions.db").write_bytes(b"no database" * 100)

    answer = _run(tmp_path, "list")

    assert answer.exit_code == 2
    assert answer.stderr.startswith("error: session database")
    assert answer.stderr.count("\n") == 1
