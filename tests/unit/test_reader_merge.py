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


def test_what_is_said_of_two_things_is_said_twice() -> None:
    text = merged("The blue one is wool. It costs $5.", "The red one is silk. It costs $5.")
    assert text.count("It costs $5.") == 2
    replies = [PartialAnswer(about, "Yes, it is.") for about in ("Is A?", "Is B?", "Is B?")]
    assert merge_answers(replies) == "Yes, it is.\n\nYes, it is."


def test_a_sentence_that_leans_goes_with_the_one_it_leans_on() -> None:
    first = "The blue one is wool. It costs $5."
    assert merged(first, f"{first} Wash it cold.") == f"{first}\n\nWash it cold."


def test_code_keeps_its_lines() -> None:
    code = "```\nif a:\n    stop()\n\nif b:\n    stop()\n```"
    assert merged(f"Run this.\n{code}", "Run that.") == f"Run this.\n\n{code}\n\nRun that."
