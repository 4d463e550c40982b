from __future__ import annotations

import pytest

from mdsa.models.reader.question import resolve, split_message


def _texts(message: str) -> list[str]:
    return [question.text for question in split_message(message)]


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        ("How much is it?", ["How much is it?"]),
        (
            "How much is express shipping, and how long is the warranty?",
            ["How much is express shipping", "how long is the warranty?"],
        ),
        (
            "Cancel order ORD-1003 and tell me how long refunds take",
            ["Cancel order ORD-1003", "tell me how long refunds take"],
        ),
        ("Do you sell salt and pepper?", ["Do you sell salt and pepper?"]),
        ("My lamp is dead. What can I do?", ["What can I do?"]),
    ],
)
def test_a_message_is_cut_into_what_it_asks(message: str, parts: list[str]) -> None:
    assert _texts(message) == parts


def test_a_statement_is_background_of_the_question_that_leans_on_it() -> None:
    (question,) = split_message("My router has a blinking red light. What does it mean?")

    assert question.background == "My router has a blinking red light."


def test_a_follow_up_leans_on_the_message_before_it() -> None:
    (question,) = split_message("and how long does that take?", ["How do I return an item?"])

    assert question.background == "How do I return an item?"


def test_a_follow_up_replaces_colours_and_names() -> None:
    earlier = ["How much does the white R200 cost?", "what about the blue one?"]

    (question,) = split_message("and the green one?", earlier)
    (place,) = split_message("and to France?", ["Do you ship to Canada?"])

    assert "R200" in question.background
    assert "white" not in question.background
    assert "blue" not in question.background
    assert "Canada" not in place.background


def test_a_question_of_its_own_leans_on_nothing() -> None:
    (question,) = split_message(
        "Who founded the company in Portland?", ["How do I return an item?"]
    )

    assert question.background == ""


@pytest.mark.parametrize(
    ("text", "background", "resolved"),
    [
        (
            "and what is in it?",
            "Where is order ORD-1002?",
            "and what is in order ORD-1002?",
        ),
        ("Where is it?", "What is in ORD-1001?", "Where is ORD-1001?"),
        ("Where is that parcel?", "I ordered ORD-1001.", "Where is ORD-1001?"),
        ("How long does it take?", "How do I update the watch?", "How long does it take?"),
        ("Where is ORD-1003?", "Where is order ORD-1002?", "Where is ORD-1003?"),
    ],
)
def test_a_pronoun_stands_for_the_code_named_before(
    text: str, background: str, resolved: str
) -> None:
    assert resolve(text, background) == resolved
