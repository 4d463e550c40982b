"""The gate's decisions about messages that go on from the turn before."""

from __future__ import annotations

from typing import Any

import pytest
from fakes.gating import CONTEXT, asked, found, scored

from mdsa.nodes.gate import decide

FOLLOW_UP = scored("and how long does that take", 0.6, orders=0.2, returns=0.2)
IN_CONTEXT = scored("how do I return boots and how long does that take", returns=0.8, orders=0.1)


def test_a_follow_up_stays_with_the_last_domain_and_brings_the_question_before() -> None:
    verdict = decide(
        found(FOLLOW_UP, in_context=IN_CONTEXT, stays=0.9, previous="how do I return boots"),
        CONTEXT,
        last_domain="returns",
    )

    assert verdict.route["decision"] == "direct"
    assert asked(verdict) == [("returns", FOLLOW_UP["text"], "how do I return boots")]


def test_a_follow_up_is_as_sure_as_that_it_stays() -> None:
    message = scored(FOLLOW_UP["text"], 0.6, orders=0.2, returns=0.2)
    message["evidence"] = "return policy"

    verdict = decide(
        found(message, in_context=IN_CONTEXT, stays=0.9, previous="q"),
        CONTEXT,
        last_domain="returns",
    )

    assert verdict.route["confidence"] == 0.9
    assert "return policy" not in verdict.route["reason"]


@pytest.mark.parametrize(
    ("change", "last_domain"),
    [
        ({"stays": 0.49}, "returns"),
        ({"in_context": None}, "returns"),
        ({}, "billing"),
        ({}, None),
        ({"in_context": {**IN_CONTEXT, "forbidden": 0.85}}, "returns"),
        ({"message": {**FOLLOW_UP, "forbidden": 0.75}}, "returns"),
    ],
    ids=[
        "likely a switch",
        "no earlier question",
        "last domain is not permitted any more",
        "nothing answered before",
        "fits a forbidden domain in context",
        "fits a forbidden domain alone",
    ],
)
def test_what_is_no_follow_up_does_not_stay(
    change: dict[str, Any], last_domain: str | None
) -> None:
    follow_up = found(FOLLOW_UP, in_context=IN_CONTEXT, stays=0.9, previous="q")

    verdict = decide({**follow_up, **change}, CONTEXT, last_domain=last_domain)  # type: ignore[typeddict-item]  # changes are the test's own

    assert verdict.route["decision"] == "unmatched"


def test_a_switch_goes_to_the_other_domain_alone() -> None:
    message = scored("and where is my parcel", orders=0.9, returns=0.05)

    verdict = decide(
        found(message, in_context=IN_CONTEXT, stays=0.1, previous="q"),
        CONTEXT,
        last_domain="returns",
    )

    assert asked(verdict) == [("orders", "and where is my parcel", "")]


def test_a_fragment_that_seems_to_fit_another_domain_stays() -> None:
    message = scored("at 6 pm in San Jose", orders=0.8, returns=0.05)

    verdict = decide(
        found(message, in_context=IN_CONTEXT, stays=0.9, previous="q"),
        CONTEXT,
        last_domain="returns",
    )

    assert asked(verdict) == [("returns", "at 6 pm in San Jose", "q")]
    assert "0.90" in verdict.route["reason"]


@pytest.mark.parametrize("score", [0.5, 0.9])
def test_the_last_domains_own_question_brings_the_one_before_only_where_it_needs_it(
    score: float,
) -> None:
    message = scored("how long do refunds take", returns=score, orders=0.1)

    verdict = decide(
        found(message, in_context=IN_CONTEXT, stays=0.9, previous="q"),
        CONTEXT,
        last_domain="returns",
    )

    context = "q" if score < CONTEXT.threshold else ""
    assert asked(verdict) == [("returns", "how long do refunds take", context)]


@pytest.mark.parametrize(
    ("answer", "domain", "context"),
    [
        ("tracking", "order_tracking", ""),
        ("It's about my order tracking", "order_tracking", ""),
        ("support please", "customer_support", ""),
        ("the second one", "customer_support", ""),
        ("First", "order_tracking", ""),
        ("tracking, the tent", "order_tracking", "tracking, the tent"),
    ],
)
def test_a_choice_sends_the_question_before_to_the_chosen_domain(
    answer: str, domain: str, context: str
) -> None:
    message = scored(answer, 0.8, order_tracking=0.1, customer_support=0.1)

    verdict = decide(
        found(message, previous="my box is broken"),
        CONTEXT,
        choices=["order_tracking", "customer_support"],
    )

    assert verdict.route["decision"] == "direct"
    assert asked(verdict) == [(domain, "my box is broken", context)]


@pytest.mark.parametrize("answer", ["neither", "first or second", "tracking or support"])
def test_an_answer_that_chooses_nothing_is_a_message_like_any_other(answer: str) -> None:
    message = scored(answer, 0.8, order_tracking=0.1, customer_support=0.1)

    verdict = decide(found(message), CONTEXT, choices=["order_tracking", "customer_support"])

    assert verdict.route["decision"] == "unmatched"


@pytest.mark.parametrize(
    "question",
    [
        "What is the status of order ORD-1001?",
        "In what order should I wash and dry my jacket?",
        "please cancel my order ORD-1001 today",
    ],
)
def test_a_new_question_that_shares_a_word_with_a_choice_is_no_choice(question: str) -> None:
    message = scored(question, order_tracking=0.05, customer_support=0.9)

    verdict = decide(
        found(message, previous="I received the wrong item."),
        CONTEXT,
        choices=["order_tracking", "customer_support"],
    )

    assert asked(verdict) == [("customer_support", question, "")]


def test_a_choice_that_the_caller_may_not_use_any_more_is_no_choice() -> None:
    message = scored("tracking", 0.2, customer_support=0.75)

    verdict = decide(found(message), CONTEXT, choices=["order_tracking", "customer_support"])

    assert verdict.route["domains"] == ["customer_support"]


@pytest.mark.parametrize("text", ["Hello", "thanks a lot!", "Good evening"])
def test_small_talk_is_asked_of_nobody(text: str) -> None:
    message = scored(text, 0.1, orders=0.5, returns=0.4)
    confident = scored(text, 0.1, orders=0.8)

    verdict = decide(
        found(message, in_context=IN_CONTEXT, stays=0.9), CONTEXT, last_domain="orders"
    )

    assert verdict.route["decision"] == "unmatched"
    assert "small talk" in verdict.route["reason"]
    assert decide(found(confident), CONTEXT).route["decision"] == "direct"
