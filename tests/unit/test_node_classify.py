"""classify: what is scored, and what of it the state may hold."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fakes.node_runs import runtime
from fakes.routing import WordRouter
from langchain_core.messages import AIMessage, HumanMessage

from mdsa.graph.context import RunContext
from mdsa.nodes.classify import make_classify

WORDS = {"orders": ["parcel"], "returns": ["refund"], "payroll": ["salary"]}


@pytest.fixture
def router() -> WordRouter:
    return WordRouter(WORDS)


def state(message: str, **fields: Any) -> Any:
    return {"messages": [HumanMessage(message)], **fields}


def test_a_message_of_one_clause_is_scored_once(router: WordRouter) -> None:
    update = make_classify(router, WORDS)(state("where is my parcel"), runtime=runtime())

    found = update["classification"]
    assert router.routed == [["where is my parcel"]]
    assert found["message"]["scores"] == {"orders": 0.9, "returns": 0.0, "payroll": 0.0}
    assert found["message"]["evidence"] == "parcel"
    assert (found["clauses"], found["in_context"]) == ([], None)


def test_clauses_and_the_message_in_context_are_scored_in_the_same_call(router: WordRouter) -> None:
    message = "and where is my parcel? How does a refund work?"
    clauses = ["and where is my parcel?", "How does a refund work?"]

    update = make_classify(router, WORDS)(
        state(message, last_question="about my salary"), runtime=runtime()
    )

    found = update["classification"]
    assert router.routed == [[message, *clauses, f"about my salary {message}"]]
    assert [clause["text"] for clause in found["clauses"]] == clauses
    assert found["clauses"][1]["scores"]["returns"] == 0.9
    assert found["in_context"]["scores"]["payroll"] == pytest.approx(0.3)
    assert found["previous_question"] == "about my salary"
    assert found["refers_back"]


def test_nothing_but_the_highest_score_is_kept_of_forbidden_domains(router: WordRouter) -> None:
    context = RunContext(allowed_domains=["orders"])

    update = make_classify(router, WORDS)(
        state("what salary do I get", last_question="my salary"), runtime=runtime(context)
    )

    found = update["classification"]
    assert found["message"]["scores"] == {"orders": 0.0}
    assert found["message"]["forbidden"] == 0.9
    for hidden in ("payroll", "returns", "refund"):
        assert hidden not in json.dumps(update)
    assert found["message"]["evidence"] == ""


def test_domains_that_only_the_router_knows_are_forbidden(router: WordRouter) -> None:
    update = make_classify(router, ["orders"])(state("a refund please"), runtime=runtime())

    assert update["classification"]["message"]["scores"] == {"orders": 0.0}
    assert update["classification"]["message"]["forbidden"] == 0.9


def test_an_empty_list_permits_no_domain(router: WordRouter) -> None:
    context = RunContext(allowed_domains=[])

    update = make_classify(router, WORDS)(state("where is my parcel"), runtime=runtime(context))

    assert update["classification"]["message"]["scores"] == {}


def test_the_last_human_message_counts(router: WordRouter) -> None:
    messages = [HumanMessage("my parcel"), AIMessage("what?"), HumanMessage("a refund")]

    make_classify(router, WORDS)({"messages": messages}, runtime=runtime())

    assert router.routed == [["a refund"]]


def test_a_turn_starts_with_no_answers_and_no_questions(router: WordRouter) -> None:
    update = make_classify(router, WORDS)(state("hello"), runtime=runtime())

    assert update["answers"] is None
    assert update["sub_queries"] == []
