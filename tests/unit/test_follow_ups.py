"""Whether a message stays with the domain of the turn before."""

from __future__ import annotations

import pytest

from mdsa.router import Route
from mdsa.router.follow_ups import WEIGHTS, content_words, measure, stay_probability

NOTHING = Route({"orders": 0.05, "returns": 0.05}, 0.9)
IN_CONTEXT = Route({"orders": 0.05, "returns": 0.85}, 0.1)


def stays(text: str, message: Route = NOTHING, in_context: Route = IN_CONTEXT) -> float:
    return stay_probability(text, message, in_context, "returns")


@pytest.mark.parametrize(
    "text",
    [
        *("yes", "No, thanks.", "the second one", "at 6 pm", "March 5th", "42", "that works"),
        *("and how long does that take?", "What about the other one?"),
    ],
)
def test_a_message_without_a_domain_of_its_own_stays(text: str) -> None:
    assert stays(text) > 0.5


@pytest.mark.parametrize("text", ["where is my parcel", "and where is my parcel?"])
def test_a_message_that_is_sure_of_another_domain_does_not(text: str) -> None:
    sure = Route({"orders": 0.9, "returns": 0.05}, 0.05)

    assert stays(text, sure) < 0.5


def test_a_message_that_points_back_but_is_certain_of_another_domain_does_not() -> None:
    context = Route({"orders": 0.01, "returns": 0.98}, 0.01)  # what the question before decides
    certain = Route({"orders": 0.96, "returns": 0.001}, 0.039)
    likely = Route({"orders": 0.8, "returns": 0.03}, 0.17)

    assert stays("can I track it?", certain, context) == pytest.approx(0.04)
    assert stays("can I track it?", likely, context) > 0.5
    assert stays("and the second one?", certain, context) > 0.5


def test_a_question_of_no_domain_does_not() -> None:
    context = Route({"orders": 0.2, "returns": 0.3}, 0.5)
    strange = Route({"orders": 0.02, "returns": 0.02}, 0.96)

    assert stays("who won the football world championship in 1998", strange, context) < 0.5


def test_probabilities_lie_between_0_and_1_whatever_the_scores() -> None:
    for message in (Route({}, 1.0), Route({"returns": 1.0}, 0.0), Route({"orders": 1.0}, 0.0)):
        assert 0 <= stays("", message, message) <= 1


def test_every_feature_has_a_weight() -> None:
    found = measure("yes", NOTHING, IN_CONTEXT, "returns", asked_back=True)

    assert found.keys() == WEIGHTS.keys()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Yes, that's right. Thanks!", []),
        ("around 5:30 pm on the 3rd of March", []),
        ("the second one, please", []),
        ("I don\u2019t know", []),
        ("What is my balance?", ["balance"]),
        ("A cab for 2 to Rome", ["cab", "rome"]),
        ("", []),
    ],
)
def test_content_words_are_no_function_words_courtesies_numbers_dates_or_times(
    text: str, expected: list[str]
) -> None:
    assert content_words(text) == expected
