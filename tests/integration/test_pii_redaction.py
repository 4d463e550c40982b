"""Redaction as it is configured: in traces, or also in what is stored."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from fakes.agents import make_agent, scripted
from fakes.otlp_receiver import otlp_receiver
from fakes.postgres_server import empty
from fakes.web_agents import Clerk, web_agent
from pydantic import SecretStr

CONTEXT = {"session_id": "s-1"}
MESSAGE = "the order of ann@example.com"


def test_stored_sessions_hold_none_of_it_and_go_on(tmp_path: Path) -> None:
    clerk = Clerk()
    with web_agent(tmp_path, clerk, pii_redaction="stored") as agent:
        agent.process_request(MESSAGE, CONTEXT)
        agent.process_request("the order again", CONTEXT)
        shown = agent.sessions.show("s-1").messages

    assert clerk.asked[0] == MESSAGE  # the turn itself has all of it
    assert shown[0]["content"] == "the order of [email]"
    assert shown[1]["content"].startswith("answer to the order of [email]")
    stored = b"".join(path.read_bytes() for path in (tmp_path / "data").glob("sessions.db*"))
    assert b"[email]" in stored
    assert b"ann@example.com" not in stored


def test_a_waiting_turn_is_stored_without_it_and_goes_on(tmp_path: Path) -> None:
    with web_agent(tmp_path, Clerk(), pii_redaction="stored") as agent:
        asked = agent.process_request(f"cancel {MESSAGE}", CONTEXT)
        assert asked["interrupts"]
        stored = b"".join(path.read_bytes() for path in (tmp_path / "data").glob("sessions.db*"))
        assert b"[email]" in stored
        assert b"ann@example.com" not in stored

        assert "gone 7" in agent.resume("s-1", True)["response"]


def test_why_a_turn_failed_is_stored_without_it(tmp_path: Path) -> None:
    models = {"quoting": scripted(RuntimeError(f"cannot read {MESSAGE!r}"))}
    with make_agent(tmp_path, models=models, pii_redaction="stored") as agent:
        agent.register_domain("orders", "Orders", ["order"], "fake://quoting")
        with pytest.raises(RuntimeError, match="cannot read"):
            agent.process_request(MESSAGE, CONTEXT)
        stored = b"".join(path.read_bytes() for path in (tmp_path / "data").glob("sessions.db*"))
    assert b"cannot read 'the order of [email]'" in stored
    assert b"ann@example.com" not in stored


def test_postgres_holds_none_of_it(tmp_path: Path, postgres: str) -> None:
    empty(postgres)
    shared = {"database_url": SecretStr(postgres), "pii_redaction": "stored"}
    with web_agent(tmp_path, Clerk(), **shared) as agent:
        agent.process_request(MESSAGE, CONTEXT)
        assert agent.process_request(f"cancel {MESSAGE}", CONTEXT)["interrupts"]

    with psycopg.connect(postgres) as connection:
        rows = [
            *connection.execute("SELECT checkpoint::text, metadata::text FROM checkpoints"),
            *connection.execute("SELECT blob FROM checkpoint_blobs"),
            *connection.execute("SELECT blob FROM checkpoint_writes"),
        ]
    assert rows
    assert "[email]" in str(rows)
    assert "ann@example.com" not in str(rows)


def test_traces_with_contents_hold_none_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with otlp_receiver() as received:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", received.url)
        with web_agent(tmp_path, Clerk(), trace_content=True, pii_redaction="logs") as agent:
            agent.process_request(MESSAGE, CONTEXT)
            assert agent.sessions.show("s-1").messages[0]["content"] == MESSAGE

    sent = b"".join(received.bodies)
    assert b"the order of [email]" in sent
    assert b"ann@example.com" not in sent
