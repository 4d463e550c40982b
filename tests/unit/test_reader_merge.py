"""Answers merged by the reader."""

from __future__ import annotations

from mdsa.models.partial_answers import PartialAnswer
from mdsa.models.reader.merge import merge_answers


def merged(*texts: str) -> str:
    return merge_answers([PartialAnswer("?", text) for text in texts])


def test_answers_stand_in_their_order() -> None:
    assert merged("It costs $5.", "It takes 2 days.") == "It costs $5.\n\nIt takes 2 days."


def test_a_sentence_is_said_once() -> None:
    text = merged("It costs $5. Pay by card.", "Pay by card. It takes 2 days.")
    assert text == "It costs $5. Pay by card.\n\nIt takes 2 days."


def test_an_answer_given_twice_is_said_once() -> None:
    steps = "1. Hold the button.\n2. Wait."
    assert merged(steps, "It costs $5.", steps) == f"{steps}\n\nIt costs $5."


def test_lists_that_share_a_line_stay_whole() -> None:
    first, second = "1. Open Orders.\n2. Cancel.", "1. Open Orders.\n2. Return."
    assert merged(first, second) == f"{first}\n\n{second}"


def test_nothing_to_merge_is_nothing() -> None:
    assert merged("", " ") == ""
