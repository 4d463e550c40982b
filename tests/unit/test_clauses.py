"""Where a message is split, and what counts as pointing back."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdsa.router.clauses import points_back, refers_back, split_clauses


@pytest.mark.parametrize(
    ("message", "clauses"),
    [
        ("Where is my order?", ["Where is my order?"]),
        ("What are the terms and conditions", ["What are the terms and conditions"]),
        ("Do you sell shirts, jackets and boots?", ["Do you sell shirts, jackets and boots?"]),
        (
            "Is shipping to Bosnia and Herzegovina free",
            ["Is shipping to Bosnia and Herzegovina free"],
        ),
        (
            "Where is my order and how do I return boots?",
            ["Where is my order", "how do I return boots?"],
        ),
        (
            "cancel ORD-1005, then tell me the refund time",
            ["cancel ORD-1005", "tell me the refund time"],
        ),
        (
            "please cancel ORD-1005, but also tell me the refund time",
            ["please cancel ORD-1005", "tell me the refund time"],
        ),
        (
            "My watch is frozen. How do I reset it?\nAnd where is my parcel?",
            ["My watch is frozen.", "How do I reset it?", "And where is my parcel?"],
        ),
        ("Where is my parcel? Thanks!", ["Where is my parcel?, Thanks!"]),
        ("  hello  ", ["hello"]),
        ("", [""]),
        ("...", ["..."]),
    ],
)
def test_a_message_is_split_where_a_new_request_begins(message: str, clauses: list[str]) -> None:
    assert split_clauses(message) == clauses


@given(
    st.text() | st.lists(st.sampled_from(["and", "how", "a", ".", ",", "then", "\n"])).map(" ".join)
)
def test_splitting_keeps_the_words_in_their_order(message: str) -> None:
    remaining = iter(re.findall(r"\w+", message))

    clauses = split_clauses(message)

    assert clauses
    assert all(word in remaining for word in re.findall(r"\w+", " ".join(clauses)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("and how long does that take?", True),
        ("What about Canada?", True),
        ("Is it waterproof?", True),
        ("Where is order ORD-1001?", False),
        ("Android phones", False),
        ("", False),
        ("It is a long story about my parcel which left the shop a very long time ago", False),
    ],
)
def test_short_messages_that_begin_or_point_like_a_follow_up_refer_back(
    text: str, expected: bool
) -> None:
    assert refers_back(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("does it still work", True), ("are THEY here", True), ("my item", False), ("", False)],
)
def test_only_whole_pronouns_point_back(text: str, expected: bool) -> None:
    assert points_back(text) is expected
