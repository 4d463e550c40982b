"""The gate's decisions, from scores that are written down."""

from __future__ import annotations

from typing import Any

import pytest
from fakes.gating import CONTEXT, asked, found, scored
from fakes.node_runs import run

from mdsa.graph.context import RunContext
from mdsa.graph.state import ClauseScores
from mdsa.nodes.gate import decide, make_gate


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

    verdict = decide(found(message), RunContext(threshold=0.4, vague_threshold=1.0))

    assert verdict.route["decision"] == "clarify"
    assert "orders (0.48) and returns (0.45)" in verdict.route["reason"]


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

    update = run(make_gate({}), state, RunContext(threshold=0.5))

    assert update["route"]["decision"] == "direct"
    assert [query["domain"] for query in update["sub_queries"]] == ["orders"]
    assert update["classification"] is None
    assert update["pending_clarification"] is None


def test_the_node_says_what_is_missing() -> None:
    with pytest.raises(ValueError, match="run classify first"):
        run(make_gate({}), {"messages": []})
