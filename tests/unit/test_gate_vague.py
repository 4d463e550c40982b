"""First messages that do not say which domain they ask are asked back."""

from __future__ import annotations

import pytest
from fakes.gating import found, scored

from mdsa.graph.context import RunContext
from mdsa.nodes.gate import decide
from mdsa.router.vague import vague_features, vague_probability

VAGUE = "how long does it take?"
CLEAR = "how long does a parcel with two bicycle tyres take to France?"
SCORES = {"orders": 0.6, "returns": 0.3, "workshop": 0.05}


def test_a_vague_message_is_asked_back_and_a_clear_one_is_not() -> None:
    vague = decide(found(scored(VAGUE, 0.05, **SCORES)), RunContext())
    clear = decide(found(scored(CLEAR, 0.05, **SCORES)), RunContext())

    assert vague.route["decision"] == "clarify"
    assert vague.route["domains"] == ["orders", "returns"]
    assert "too vague" in vague.route["reason"]
    assert not vague.unsure
    assert clear.route["decision"] == "decompose"


@pytest.mark.parametrize(
    ("scores", "outside", "context", "decision"),
    [
        ({"orders": 0.92, "returns": 0.03}, 0.05, RunContext(), "direct"),
        ({"orders": 0.6, "returns": 0.3}, 0.1, RunContext(vague_threshold=1.0), "decompose"),
        ({"orders": 0.6}, 0.1, RunContext(), "decompose"),
        ({"orders": 0.3, "returns": 0.1}, 0.6, RunContext(), "unmatched"),
    ],
)
def test_sure_lonely_and_foreign_messages_are_not_asked_back(
    scores: dict[str, float], outside: float, context: RunContext, decision: str
) -> None:
    verdict = decide(found(scored(VAGUE, outside, **scores)), context)

    assert verdict.route["decision"] == decision


def test_within_a_session_a_short_message_is_not_too_vague() -> None:
    classification = found(scored(VAGUE, 0.05, **SCORES))
    classification["previous_question"] = "where is my parcel"

    assert "vague" not in decide(classification, RunContext()).route["reason"]


def test_naming_things_makes_a_message_less_vague() -> None:
    assert vague_probability(VAGUE, SCORES, 0.05) > 0.5
    assert vague_probability(CLEAR, SCORES, 0.05) < 0.01
    assert vague_probability("?!", SCORES, 0.05) == 0.0
    assert vague_probability(VAGUE, {}, 1.0) == 0.0
    assert vague_features("order 17", SCORES, 0.05)[3] == 1.0
