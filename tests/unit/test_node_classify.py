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


def test_parts_and_the_message_in_context_are_scored_in_the_same_call(router: WordRouter) -> None:
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


def test_a_message_of_one_domain_has_no_clauses_whatever_it_could_be_cut_into(
    router: WordRouter,
) -> None:
    update = make_classify(router, WORDS)(
        state("where is my parcel and when does it come"), runtime=runtime()
    )

    assert len(router.routed[0]) == 3
    assert update["classification"]["clauses"] == []


def test_a_clause_of_a_forbidden_domain_is_a_clause_without_its_name(router: WordRouter) -> None:
    context = RunContext(allowed_domains=["orders"])

    update = make_classify(router, WORDS)(
        state("where is my parcel and what is my salary"), runtime=runtime(context)
    )

    parcel, salary = update["classification"]["clauses"]
    assert parcel["scores"] == {"orders": 0.9}
    assert (salary["scores"], salary["forbidden"]) == ({"orders": 0.0}, 0.9)


def test_a_message_without_a_subject_stays_with_the_last_domain(router: WordRouter) -> None:
    node = make_classify(router, WORDS)
    before = {"last_domain": "orders", "last_question": "where is my parcel"}

    stays = [
        node(state(message, **before), runtime=runtime())["classification"]["stays"]
        for message in ("yes, please", "what salary do I get")
    ]

    assert stays[0] > 0.5 > stays[1]


def test_nothing_stays_without_a_last_domain_that_the_caller_may_use(router: WordRouter) -> None:
    context = RunContext(allowed_domains=["returns"])
    before = {"last_domain": "orders", "last_question": "where is my parcel"}

    forbidden = make_classify(router, WORDS)(state("yes", **before), runtime=runtime(context))
    first = make_classify(router, WORDS)(state("yes"), runtime=runtime())

    assert forbidden["classification"]["stays"] == 0
    assert first["classification"]["stays"] == 0


def test_a_question_back_makes_an_answer_likelier(router: WordRouter) -> None:
    node = make_classify(router, WORDS)
    stays = []
    for said in ("It is on its way.", "Which parcel do you mean?"):
        messages = [HumanMessage("my parcel"), AIMessage(said), HumanMessage("the tent")]
        before = {"last_domain": "orders", "last_question": "my parcel"}
        update = node({"messages": messages, **before}, runtime=runtime())
        stays.append(update["classification"]["stays"])

    assert stays[1] > stays[0]


@pytest.mark.parametrize(("target_error", "floor"), [(None, None), (0.02, 0.25)])
def test_the_floor_is_asked_for_where_a_target_error_is(
    router: WordRouter, target_error: float | None, floor: float | None
) -> None:
    router.floor = 0.25

    update = make_classify(router, WORDS)(
        state("my parcel"), runtime=runtime(RunContext(target_error=target_error))
    )

    assert update["classification"]["score_floor"] == floor


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
