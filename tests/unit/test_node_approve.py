"""approve: which calls wait, and how a decision is read."""

from __future__ import annotations

from typing import Any

import pytest
from fakes.chat_models import calls
from langchain_core.messages import AIMessage, HumanMessage

from mdsa.errors import InvalidInputError
from mdsa.nodes.approve import pending_writes, read_decision

CALLS = ["a", "b", "c"]


def test_only_calls_of_the_last_message_to_writing_tools_wait() -> None:
    state: Any = {
        "messages": [
            calls(("cancel", "old", {})),
            HumanMessage("x"),
            calls(("lookup", "a", {}), ("cancel", "b", {"order": "1"}), ("unknown", "c", {})),
        ]
    }

    assert [call["id"] for call in pending_writes(state, {"cancel"})] == ["b"]
    assert pending_writes(state, set()) == []


@pytest.mark.parametrize("last", [AIMessage("done"), HumanMessage("cancel")])
def test_a_message_without_calls_has_none_that_wait(last: Any) -> None:
    assert pending_writes({"messages": [last]}, {"cancel"}) == []


@pytest.mark.parametrize(
    ("decision", "approved"),
    [
        (True, {"a", "b", "c"}),
        (False, set()),
        ({"a": True, "b": False}, {"a"}),
        ({"a": True, "b": True, "c": True}, {"a", "b", "c"}),
        ({}, set()),
        ({"z": True}, set()),
    ],
)
def test_a_decision_approves_what_it_names_and_nothing_else(
    decision: object, approved: set[str]
) -> None:
    assert read_decision(decision, CALLS) == approved


@pytest.mark.parametrize(
    "decision", [None, "yes", "true", 1, 0, ["a"], {"a": "yes"}, {"a": 1}, {"a": True, "b": None}]
)
def test_anything_else_approves_nothing(decision: object) -> None:
    with pytest.raises(InvalidInputError, match="resume with true, false") as raised:
        read_decision(decision, CALLS)
    assert repr(decision) in str(raised.value)
