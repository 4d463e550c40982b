"""Names and numbers that a model must not add to a question."""

from __future__ import annotations

import pytest

from mdsa.nodes.stated_facts import invented_facts

SAID = ["where is order 10423 of anna smith", "I ordered two lamps for €1,250 in Berlin."]


@pytest.mark.parametrize(
    "question",
    [
        "Where is order 10423?",
        "Where is order #10423 that Anna Smith placed?",
        "Did I order 2 lamps for 1250 euros?",
        "what did i pay in BERLIN?",
        "Which one is it? Tell me.",
    ],
)
def test_what_was_said_may_be_asked(question: str) -> None:
    assert invented_facts(question, SAID) == []


@pytest.mark.parametrize(
    ("question", "invented"),
    [
        ("Where is order 10424?", ["10424"]),
        ("Where is the order of Anna Jones?", ["Jones"]),
        ("Did I order three lamps?", ["three"]),
        ("What does DHL charge? And Hermes?", ["DHL", "Hermes"]),
        ("DHL charges what?", ["DHL"]),
        ("Is it due on 2026-11-22?", ["2026", "11", "22"]),
    ],
)
def test_what_nobody_said_is_found(question: str, invented: list[str]) -> None:
    assert invented_facts(question, SAID) == invented
