"""What asks, what only tells, and what names something."""

from __future__ import annotations

import pytest

from mdsa.router.asking import asks, begins_asking, content_words, is_condition


@pytest.mark.parametrize(
    "text",
    [
        *("where is my parcel", "Could you keep a rye for me", "cancel my cleaning on the 4th"),
        *("i'd like an appointment", "so what do extra users cost", "old enough for the jab?"),
        *("please move it to Friday", "I'm wondering about the deposit", "if not, what then?"),
    ],
)
def test_questions_and_requests_ask(text: str) -> None:
    assert asks(text)


@pytest.mark.parametrize(
    "text",
    [
        *("My son is four.", "the helmet pinches", "too much champagne", "not how quick"),
        *("before I close my account", "the bus broke down and I came late", ""),
    ],
)
def test_what_only_tells_how_things_are_does_not_ask(text: str) -> None:
    assert not asks(text)


def test_what_begins_as_a_question_or_a_request_is_told_from_what_holds_one() -> None:
    assert begins_asking("and can I swap it")
    assert begins_asking("please cancel my order")
    assert not begins_asking("my parcel is late, where is it")
    assert not begins_asking("the deposit, how much")


def test_a_clause_that_another_depends_on_is_a_condition() -> None:
    assert is_condition("And if I get hurt")
    assert is_condition("before I sign")
    assert not is_condition("if so what does it cost")
    assert not is_condition("can I sign")


def test_words_that_name_nothing_are_no_content() -> None:
    assert content_words("what would that cost") == 0
    assert content_words("and how much is it then") == 0
    assert content_words("where\u2019s my parcel and the bicycle") == 2
