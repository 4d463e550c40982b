"""The demo, run once as a user runs it: each turn goes where it should and holds the facts.

The facts stand in the documents and the order database of the example shop.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mdsa.cli.demo_turns import DEMO_TURNS

Turn = dict[str, Any]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mdsa", "demo", "--json"],
        cwd=tmp_path_factory.mktemp("demo"),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def turns(finished: subprocess.CompletedProcess[str]) -> list[Turn]:
    return [json.loads(line) for line in finished.stdout.splitlines()]


def _turn(turns: list[Turn], question: str, *, approved: bool | None = None) -> Turn:
    (found,) = [
        turn for turn in turns if turn["question"] == question and turn["approved"] is approved
    ]
    return found


def _sources(turn: Turn) -> list[str]:
    return [Path(source["source"]).name for source in turn["sources"]]


def _tools(turn: Turn) -> list[str]:
    return [call["name"] for call in turn["tool_calls"]]


def test_it_ends_well_and_says_how_long_it_took(
    finished: subprocess.CompletedProcess[str],
) -> None:
    assert finished.returncode == 0, finished.stderr
    assert "turns in" in finished.stderr
    assert "first answer after" in finished.stderr


def test_every_turn_is_there_with_its_question_and_context(turns: list[Turn]) -> None:
    asked = [turn["question"] for turn in turns if turn["approved"] is None]

    assert len(asked) >= 8
    assert asked == [turn.question for turn in DEMO_TURNS]
    for turn in turns:
        assert turn["context"]["session_id"] == turn["session_id"]
        assert turn["degraded"] is False
        assert turn["response"]
        assert turn["title"]


@pytest.mark.parametrize(
    ("question", "domain", "document", "facts"),
    [
        (
            "How long do I have to send back a jacket that doesn't fit?",
            "customer_support",
            "return_windows.md",
            ["60 days"],
        ),
        (
            "How do I pair the headlamp with my phone?",
            "technical_support",
            "headlamp_pairing.md",
            ["until the light flashes blue"],
        ),
        (
            "What does shipping to Canada cost?",
            "order_tracking",
            "international_shipping.md",
            ["$18"],
        ),
        ("And to Japan?", "order_tracking", "international_shipping.md", ["$38"]),
    ],
)
def test_a_specialist_answers_from_its_documents(
    turns: list[Turn], question: str, domain: str, document: str, facts: list[str]
) -> None:
    turn = _turn(turns, question)

    assert (turn["decision"], turn["domains"]) == ("direct", [domain])
    assert document in _sources(turn)
    assert [fact for fact in facts if fact not in turn["response"]] == []


def test_a_tool_finds_the_order(turns: list[Turn]) -> None:
    turn = _turn(turns, "Where is my order ORD-1001?")

    assert (turn["decision"], turn["domains"]) == ("direct", ["order_tracking"])
    assert _tools(turn) == ["get_order_status"]
    assert "ORD-1001" in turn["response"]
    assert "in transit" in turn["response"]
    assert "CP9836900602" in turn["response"]


def test_two_specialists_answer_one_message(turns: list[Turn]) -> None:
    turn = _turn(turns, "Where is order ORD-1002? And what does error E21 on my hub mean?")

    assert turn["decision"] == "decompose"
    assert turn["domains"] == ["order_tracking", "technical_support"]
    assert _tools(turn) == ["get_order_status"]
    assert "hub_error_codes.md" in _sources(turn)
    order, error = (turn["response"].index(fact) for fact in ("ORD-1002", "switched itself off"))
    assert order < error


def test_an_unclear_message_is_asked_back_and_the_answer_completes_it(turns: list[Turn]) -> None:
    asked_back = _turn(turns, "I got the wrong thing.")
    answered = _turn(turns, "It's for customer support.")

    assert asked_back["decision"] == "clarify"
    assert sorted(asked_back["domains"]) == ["customer_support", "technical_support"]
    assert asked_back["response"].endswith("?")
    assert asked_back["sources"] == []
    assert (answered["decision"], answered["domains"]) == ("direct", ["customer_support"])
    assert "wrong" in answered["response"]
    assert set(_sources(answered)) & {"faulty_on_arrival.md", "final_sale.md"}


def test_shared_knowledge_answers_what_is_no_specialists_subject(turns: list[Turn]) -> None:
    turn = _turn(turns, "When was Northwind founded?")

    assert (turn["decision"], turn["domains"]) == ("unmatched", [])
    assert _sources(turn) == ["about_northwind.md"]
    assert "2009" in turn["response"]


def test_what_is_nobodys_subject_is_declined(turns: list[Turn]) -> None:
    turn = _turn(turns, "How do I cook risotto for six people?")

    assert (turn["decision"], turn["domains"]) == ("unmatched", [])
    assert turn["sources"] == []
    assert "can't help" in turn["response"]


def test_a_caller_gets_nothing_from_a_specialist_that_is_closed_to_them(
    turns: list[Turn],
) -> None:
    turn = _turn(turns, "What does error E21 on my hub mean?")

    assert turn["context"]["allowed_domains"] == ["customer_support"]
    assert turn["decision"] == "unmatched"
    assert turn["sources"] == []
    # What its specialist answers to the same question.
    assert "switched itself off" not in turn["response"]
    assert "technical_support" not in json.dumps({**turn, "context": {}})


def test_a_writing_tool_waits_for_approval_and_then_writes(turns: list[Turn]) -> None:
    question = "Please cancel order ORD-1005, I ordered it by mistake."
    waiting = _turn(turns, question)
    done = _turn(turns, question, approved=True)
    after = _turn(turns, "What is the status of ORD-1005 now?")

    assert [call["name"] for call in waiting["interrupts"][0]["calls"]] == ["cancel_order"]
    assert waiting["tool_calls"] == []
    assert done["interrupts"] == []
    assert [(call["name"], call["status"]) for call in done["tool_calls"]] == [
        ("cancel_order", "success")
    ]
    assert done["tool_calls"][0]["args"]["order_id"] == "ORD-1005"
    assert "cancelled" in done["response"]
    assert _tools(after) == ["get_order_status"]
    assert "cancelled" in after["response"]


def test_latency_is_told_by_node(turns: list[Turn]) -> None:
    turn = _turn(turns, "How long do I have to send back a jacket that doesn't fit?")

    nodes = turn["node_latency_ms"]
    assert {"classify", "gate", "customer_support", "customer_support/retrieve"} <= set(nodes)
    assert all(spent >= 0 for spent in nodes.values())
