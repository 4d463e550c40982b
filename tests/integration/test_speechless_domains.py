"""A domain that could answer nothing is named in the log, with what to do."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from mdsa import TinyBERTOrchestrator
from mdsa.settings import Settings


@pytest.fixture
def agent(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.WARNING)
    settings = Settings(data_dir=tmp_path / "data", chroma_persist_dir=tmp_path / "knowledge")
    with TinyBERTOrchestrator(settings=settings) as made:
        made.register_domain("billing", "Invoices and payments")
        yield made


def test_it_is_named_once(agent: TinyBERTOrchestrator, caplog: pytest.LogCaptureFixture):
    agent.process_request("When is my invoice due?")
    assert "embedded://reader can answer nothing for: billing." in caplog.text
    assert "ollama://" in caplog.text

    caplog.clear()
    agent.register_domain("travel", "Trips and hotels")
    agent.process_request("When is my invoice due?")
    assert "can answer nothing for: travel." in caplog.text


def test_documents_or_tools_are_something(
    agent: TinyBERTOrchestrator, caplog: pytest.LogCaptureFixture
):
    def order_status(order_id: str) -> str:
        """Tell where an order is."""
        return f"{order_id} is on its way"

    agent.tools.register(order_status)
    agent.register_domain("orders", "Orders", tools=["order_status"])
    agent.rag.add_local_documents("billing", [{"content": "An invoice is due after 14 days."}])
    agent.process_request("When is my invoice due?")
    assert "can answer nothing" not in caplog.text


def test_a_model_that_writes_needs_neither(
    agent: TinyBERTOrchestrator, caplog: pytest.LogCaptureFixture
):
    agent.remove_domain("billing")
    agent.register_domain("poems", "Poems", model_name="ollama://llama3:8b")
    agent.process_request("Hello")
    assert "can answer nothing" not in caplog.text


def test_knowledge_that_cannot_be_read_stops_no_turn_that_needs_none(
    agent: TinyBERTOrchestrator, tmp_path: Path
):
    agent.register_domain("travel", "Trips and hotels")
    (tmp_path / "knowledge").mkdir()
    (tmp_path / "knowledge" / "chroma.sqlite3").write_bytes(b"damaged" * 500)
    assert agent.process_request("Hello")["response"]
