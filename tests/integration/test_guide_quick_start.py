"""The guide's quick start, step by step, on a machine with none of the models that it names."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest

from mdsa.core.orchestrator import TinyBERTOrchestrator
from mdsa.domains import DomainConfig

MESSAGE = "My order #12345 is delayed. Can you help me track it?"
CONTEXT = {"user_id": "user_001", "session_id": "sess_abc123", "order_id": "12345"}
NO_SERVER = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def orchestrator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TinyBERTOrchestrator]:
    folder = tmp_path_factory.mktemp("quick_start")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MDSA_DATA_DIR", str(folder / "data"))
        patch.setenv("OLLAMA_BASE_URL", NO_SERVER)
        orchestrator = TinyBERTOrchestrator(
            intent_model_path="model-best-tinybert",
            reasoning_model_path="microsoft/phi-2",
            device="auto",
            use_reasoning_threshold=0.7,
        )
    customer_support = DomainConfig(
        name="customer_support",
        description="Handle customer inquiries, complaints, and support tickets",
        model_name="ollama://llama3:8b",
        keywords=["help", "support", "issue", "problem", "complaint"],
        system_prompt="You are a helpful and empathetic customer support agent.",
        max_tokens=500,
        temperature=0.7,
    )
    orchestrator.register_domain(
        name=customer_support.name,
        description=customer_support.description,
        keywords=customer_support.keywords,
    )
    with orchestrator:
        yield orchestrator


def test_a_message_is_routed_and_answered(orchestrator: TinyBERTOrchestrator):
    result = orchestrator.process_request(message=MESSAGE, context=CONTEXT)

    assert result["response"].strip()
    assert result["domain"] == "customer_support"
    assert result["session_id"] == "sess_abc123"
    assert 0.7 <= result["confidence"] <= 1
    assert f"{result['confidence']:.2%}".endswith("%")
    assert result.get("used_reasoning", False) is False
    assert result["latency_ms"] > 0
    assert result["degraded"] is False, "no model that was configured had to answer"


def test_knowledge_that_was_added_is_answered_from(orchestrator: TinyBERTOrchestrator):
    orchestrator.rag.add_local_documents(
        "customer_support",
        [
            {
                "content": "Complaints are answered by the support team within two days.",
                "metadata": {"title": "Complaints"},
            }
        ],
    )

    result = orchestrator.process_request("Who answers a complaint?")

    assert "support team" in result["response"]
    assert [source["title"] for source in result["sources"]] == ["Complaints"]


def test_the_missing_router_is_warned_of_by_its_path(caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.WARNING):
        TinyBERTOrchestrator("model-best-tinybert")

    assert any("'model-best-tinybert' does not exist" in text for text in caplog.messages)


def test_a_domain_whose_model_is_not_there_is_answered_degraded(
    orchestrator: TinyBERTOrchestrator, caplog: pytest.LogCaptureFixture
):
    orchestrator.register_domain(
        "weather", "Weather forecasts, rain and storms", ["rain", "storm"], "ollama://llama3:8b"
    )
    orchestrator.rag.add_local_documents(
        "weather", [{"content": "Tomorrow heavy rain is expected in the north."}]
    )
    try:
        result = orchestrator.process_request("Where is heavy rain expected tomorrow?")
    finally:
        orchestrator.remove_domain("weather")

    assert result["domain"] == "weather"
    assert result["degraded"] is True
    assert "north" in result["response"]
    assert any("ollama serve" in text for text in caplog.messages)


def test_reasoning_that_is_not_there_keeps_the_split_by_clauses(
    orchestrator: TinyBERTOrchestrator, caplog: pytest.LogCaptureFixture
):
    result = orchestrator.process_request(MESSAGE, {"threshold": 1.0})

    assert result["decision"] == "decompose"
    assert result["used_reasoning"] is False
    assert result["degraded"] is True
    assert result["domain"] == "customer_support"
    assert result["response"].strip()
    assert any("microsoft/phi-2" in text for text in caplog.messages)


def test_the_statistics_count_what_was_asked(orchestrator: TinyBERTOrchestrator):
    before = orchestrator.get_stats()
    orchestrator.process_request(MESSAGE)
    after = orchestrator.get_stats()

    assert after["requests_total"] == before["requests_total"] + 1
    assert after["domains_registered"] == 1


PROGRAM = """
from mdsa.core.orchestrator import TinyBERTOrchestrator

orchestrator = TinyBERTOrchestrator(intent_model_path="model-best-tinybert")
orchestrator.register_domain(name="support", description="Customer support", keywords=["help"])
print(orchestrator.process_request(message="Can you help me?")["domain"])
"""
STREAM = """
events = orchestrator.stream_request("Can you help me?")
print(next(events)["type"])
"""


@pytest.mark.parametrize("more", ["", STREAM], ids=["after an answer", "within a stream"])
def test_a_program_that_never_closes_ends_by_itself(more: str):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM + more],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[0] == "support"
    assert "Traceback" not in done.stderr
