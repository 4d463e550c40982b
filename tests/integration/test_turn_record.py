"""A turn's answer goes out once the turn is recorded; what is only tidied up may fail."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fakes.agents import make_agent
from fakes.postgres_server import empty
from pydantic import SecretStr

from mdsa.errors import StorageError

Database = tuple[dict[str, Any], Callable[[str, str], None]]
"""Settings, and what makes the database refuse an operation on a table."""


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    if request.param == "sqlite":

        def refuse(operation: str, table: str) -> None:
            connection = sqlite3.connect(tmp_path / "data" / "sessions.db")
            connection.execute(
                f"CREATE TRIGGER refused BEFORE {operation} ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'refused'); END"
            )
            connection.close()

        return {}, refuse
    url = request.getfixturevalue("postgres")
    empty(url)

    def refuse(operation: str, table: str) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "CREATE FUNCTION refusal() RETURNS trigger LANGUAGE plpgsql "
                "AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$"
            )
            connection.execute(
                f"CREATE TRIGGER refused BEFORE {operation} ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION refusal()"
            )

    return {"database_url": SecretStr(url)}, refuse


def test_a_turn_that_cannot_be_recorded_is_not_answered(tmp_path: Path, database: Database):
    settings, refuse = database
    with make_agent(tmp_path, **settings) as agent:
        agent.register_domain("orders", "Orders", ["order"])
        agent.process_request("an order", {"session_id": "s"})
        refuse("UPDATE OF turns", "mdsa_sessions")
        with pytest.raises(StorageError, match="refused"):
            agent.process_request("the order again", {"session_id": "s"})
        assert agent.sessions.show("s").turns == 1


def test_a_turn_that_cannot_be_pruned_is_recorded_and_answered(
    tmp_path: Path, database: Database, caplog: pytest.LogCaptureFixture
):
    settings, refuse = database
    with make_agent(tmp_path, **settings) as agent:
        agent.register_domain("orders", "Orders", ["order"])
        agent.process_request("an order", {"session_id": "s"})
        refuse("DELETE", "checkpoints")
        result = agent.process_request("the order again", {"session_id": "s"})
        assert result["domain"] == "orders"
        assert agent.sessions.show("s").turns == 2
    assert "session s could not be pruned" in caplog.text
