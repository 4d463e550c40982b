"""The gate's decisions, from scores that are written down."""

from __future__ import annotations

from typing import Any

import pytest
from fakes.node_runs import runtime

from mdsa.graph.context import RunContext
from mdsa.graph.state import Classification, ClauseScores
from mdsa.nodes.gate import Verdict, decide, gate

CONTEXT = RunContext(threshold=0.7, clarify_margin=0.2, max_domains=3)


def scored(
    text: str, out_of_scope: float = 0.0, forbidden: float = 0.0, **scores: float
) -> ClauseScores:
    return ClauseScores(
        text=text, scores=scores, forbidden=forbidden, out_of_scope=out_of_scope, evidence=""
    )


def found(
    message: ClauseScores,
    *clauses: ClauseScores,
    in_context: ClauseScores | None = None,
    stays: float = 0.0,
    score_floor: float | None = None,
    previous: str = "",
) -> Classification:
    return Classification(
        message=message,
        clauses=list(clauses),
        in_context=in_context,
        refers_back=stays > 0,
        stays=stays,
        previous_question=previous,
        score_floor=score_floor,
    )


def asked(verdict: Verdict) -> list[tuple[str, str, str]]:
    return [(query["domain"], query["query"], query["context"]) for query in verdict.sub_queries]


@pytest.mark.parametrize(
    ("message", "decision", "domains"),
    [
        (scored("m", orders=0.7, returns=0.2), "direct", ["orders"]),
        (scored("m", orders=0.69, returns=0.2), "decompose", ["orders"]),
        (scored("m", orders=0.45, returns=0.44), "clarify", ["orders", "returns"]),
        (scored("m", orders=0.4, returns=0.4), "clarify", ["orders", "returns"]),
        (scored("m", orders=0.6), "decompose", ["orders"]),
        (scored("m", 0.41, orders=0.4, returns=0.05), "unmatched", []),
        (scored("m", 0.4, orders=0.4, returns=0.05), "decompose", ["orders"]),
        (scored("m", forbidden=0.5, orders=0.4), "unmatched", []),
        (scored("m", forbidden=0.9), "unmatched", []),
        (scored("m", 1.0), "unmatched", []),
        (scored("m", 0.36, orders=0.32, returns=0.26), "clarify", ["orders", "returns"]),
        (scored("m", 0.5, orders=0.26, returns=0.24), "unmatched", []),
        (scored("m", 0.4, orders=0.12, returns=0.12), "unmatched", []),
    ],
)
def test_a_single_question_goes_by_its_scores(
    message: ClauseScores, decision: str, domains: list[str]
) -> None:
    verdict = decide(found(message), CONTEXT)

    assert verdict.route["decision"] == decision
    assert verdict.route["domains"] == domains
    assert verdict.route["declined"] == []
    assert not verdict.route["used_reasoning"]
    assert len(verdict.sub_queries) == (decision in ("direct", "decompose"))


def test_the_confidence_is_that_of_the_chosen_or_best_domain() -> None:
    chosen = decide(found(scored("m", orders=0.8, returns=0.1)), CONTEXT)
    nobody = decide(found(scored("m", 0.8, orders=0.15, returns=0.05)), CONTEXT)

    assert chosen.route["confidence"] == 0.8
    assert nobody.route["confidence"] == 0.15
    assert nobody.route["out_of_scope"] == 0.8


def test_a_forbidden_domain_beats_a_permitted_one_at_any_threshold() -> None:
    low = RunContext(threshold=0.3)

    verdict = decide(found(scored("m", forbidden=0.6, orders=0.35)), low)

    assert verdict.route["decision"] == "unmatched"


def test_clauses_of_different_domains_are_split_in_the_order_of_the_message() -> None:
    verdict = decide(
        found(
            scored("a. b", orders=0.45, returns=0.45),
            scored("a", returns=0.9, orders=0.0),
            scored("b", orders=0.8, returns=0.0),
        ),
        CONTEXT,
    )

    assert verdict.route["decision"] == "decompose"
    assert verdict.route["domains"] == ["returns", "orders"]
    assert asked(verdict) == [("returns", "a", ""), ("orders", "b", "")]
    assert verdict.route["confidence"] == 0.8


def test_clauses_without_a_domain_of_their_own_stay_with_their_neighbours() -> None:
    verdict = decide(
        found(
            scored("x", orders=0.5, returns=0.4),
            scored("Hi there all", orders=0.1, returns=0.1),
            scored("where is the parcel", orders=0.9, returns=0.0),
            scored("anything helps", orders=0.2, returns=0.2),
            scored("how do refunds work", orders=0.0, returns=0.9),
            scored("does it cost extra", orders=0.8, returns=0.1),
        ),
        CONTEXT,
    )

    assert asked(verdict) == [
        ("orders", "Hi there all where is the parcel anything helps", ""),
        ("returns", "how do refunds work", ""),
        ("orders", "does it cost extra", "how do refunds work"),
    ]


def test_a_clause_needs_less_confidence_than_a_message() -> None:
    clauses = (scored("a", orders=0.5, returns=0.1), scored("b", returns=0.4, orders=0.3))
    message = scored("a b", orders=0.5, returns=0.4)

    split = decide(found(message, *clauses), CONTEXT)
    whole = decide(found(message, *clauses), RunContext(clause_threshold=0.45))

    assert asked(split) == [("orders", "a", ""), ("returns", "b", "")]
    assert whole.route["domains"] == ["orders", "returns"]
    assert whole.route["decision"] == "clarify"


def test_a_part_that_only_a_forbidden_domain_takes_is_declined() -> None:
    verdict = decide(
        found(
            scored("x", orders=0.5, forbidden=0.4),
            scored("where is my parcel", orders=0.9),
            scored("what does Bob earn", orders=0.05, forbidden=0.9),
        ),
        CONTEXT,
    )

    assert verdict.route["decision"] == "direct"
    assert asked(verdict) == [("orders", "where is my parcel", "")]
    assert verdict.route["declined"] == ["what does Bob earn"]


def test_a_clause_is_not_declined_where_a_permitted_domain_fits_it_better() -> None:
    verdict = decide(
        found(
            scored("x", orders=0.3, returns=0.3),
            scored("a", orders=0.6, forbidden=0.1),
            scored("b", returns=0.6, forbidden=0.1),
        ),
        RunContext(threshold=0.0, close_margin=0.0),
    )

    assert verdict.route["declined"] == []
    assert verdict.route["domains"] == ["orders", "returns"]


def test_parts_over_the_limit_are_named_not_dropped() -> None:
    clauses = [scored(name, **{name: 0.9}) for name in ("a", "b", "c")]

    verdict = decide(
        found(scored("a b c", a=0.3, b=0.3, c=0.3), *clauses), RunContext(max_domains=2)
    )

    assert [query["domain"] for query in verdict.sub_queries] == ["a", "b"]
    assert verdict.route["domains"] == ["a", "b"]
    assert verdict.route["declined"] == ["c"]


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
    ("answer", "domain"),
    [
        ("tracking", "order_tracking"),
        ("It's about my order tracking", "order_tracking"),
        ("support please", "customer_support"),
        ("the second one", "customer_support"),
        ("First", "order_tracking"),
    ],
)
def test_a_choice_sends_the_question_before_to_the_chosen_domain(answer: str, domain: str) -> None:
    message = scored(answer, 0.8, order_tracking=0.1, customer_support=0.1)

    verdict = decide(
        found(message, previous="my box is broken"),
        CONTEXT,
        choices=["order_tracking", "customer_support"],
    )

    assert verdict.route["decision"] == "direct"
    assert asked(verdict) == [(domain, "my box is broken", answer)]


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


@pytest.mark.parametrize(
    ("message", "decision", "domains"),
    [
        (scored("m", orders=0.4, returns=0.25, billing=0.2), "direct", ["orders"]),
        (scored("m", orders=0.4, returns=0.3, billing=0.2), "clarify", ["orders", "returns"]),
        (scored("m", a=0.35, b=0.33, c=0.32), "clarify", ["a", "b", "c"]),
        (scored("m", 0.1, orders=0.2, returns=0.2, billing=0.2), "decompose", ["billing"]),
        (scored("m", 0.5, orders=0.2, returns=0.2, billing=0.1), "unmatched", []),
        (scored("m", 0.6, orders=0.4), "unmatched", []),
        (scored("m", forbidden=0.5, orders=0.4), "unmatched", []),
    ],
)
def test_with_a_target_error_the_prediction_set_decides(
    message: ClauseScores, decision: str, domains: list[str]
) -> None:
    verdict = decide(found(message, score_floor=0.3), RunContext(target_error=0.05))

    assert (verdict.route["decision"], verdict.route["domains"]) == (decision, domains)
    if decision in ("direct", "clarify"):
        assert "an error of 0.05" in verdict.route["reason"]


def test_a_set_of_many_domains_is_no_question_back() -> None:
    message = scored("m", a=0.3, b=0.25, c=0.25, d=0.2)

    verdict = decide(found(message, score_floor=0.1), RunContext(target_error=0.05))

    assert (verdict.route["decision"], verdict.route["domains"]) == ("decompose", ["a"])


def test_without_calibration_rows_the_threshold_decides_and_the_reason_says_so() -> None:
    message = scored("m", orders=0.8)

    verdict = decide(found(message), RunContext(target_error=0.02))

    assert verdict.route["decision"] == "direct"
    assert "takes 49 calibration rows" in verdict.route["reason"]


def test_two_domains_that_are_very_close_are_asked_back_above_the_threshold() -> None:
    message = scored("m", orders=0.48, returns=0.45)

    verdict = decide(found(message), RunContext(threshold=0.4))

    assert verdict.route["decision"] == "clarify"
    assert "orders (0.48) and returns (0.45)" in verdict.route["reason"]


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


def test_the_reason_names_what_spoke_for_the_domain() -> None:
    message = {**scored("m", orders=0.8), "evidence": "where is my parcel"}

    verdict = decide(found(message), CONTEXT)  # type: ignore[arg-type]  # a dict of a Score's keys

    assert "0.80" in verdict.route["reason"]
    assert "where is my parcel" in verdict.route["reason"]


def test_the_node_reads_the_context_and_clears_what_it_used_up() -> None:
    state: Any = {
        "messages": [],
        "classification": found(scored("m", orders=0.6)),
        "pending_clarification": ["orders"],
    }

    update = gate(state, runtime=runtime(RunContext(threshold=0.5)))

    assert update["route"]["decision"] == "direct"
    assert [query["domain"] for query in update["sub_queries"]] == ["orders"]
    assert update["classification"] is None
    assert update["pending_clarification"] is None


def test_the_node_says_what_is_missing() -> None:
    with pytest.raises(ValueError, match="run classify first"):
        gate({"messages": []}, runtime=runtime())
