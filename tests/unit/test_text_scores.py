"""Comparing answers, and finding what in them comes from nowhere."""

from __future__ import annotations

import pytest

from mdsa.evals.text_scores import claims, contains, exact, f1, inventions


@pytest.mark.parametrize(
    ("text", "answer", "inside"),
    [
        ("It takes the 5 days.", "5 days", True),
        ("It takes 15 days.", "5 days", False),
        ("Ask “Ada Flint”!", "ada flint", True),
        ("", "x", False),
        ("anything", "the", False),
    ],
)
def test_an_answer_is_contained_word_for_word(text: str, answer: str, inside: bool) -> None:
    assert contains(text, [answer]) is inside


def test_exact_and_f1_take_the_best_of_the_answers() -> None:
    answers = ["in two weeks", "two weeks"]

    assert exact("The two weeks.", answers) == 1.0
    assert exact("two weeks or so", answers) == 0.0
    assert f1("two days", answers) == pytest.approx(0.5)
    assert f1("never", answers) == 0.0


def test_figures_and_names_are_claims_but_numbering_and_citations_are_not() -> None:
    text = "1. Call Nora Feld [2].\n2. Pay $1,200.50 by May."

    assert claims(text) == {"nora", "feld", "1200.5", "may"}


@pytest.mark.parametrize(
    ("text", "invented"),
    [
        ("It costs $1200.", set()),
        ("It costs $1,300.", {"1300"}),
        ("It takes 3 days.", set()),
        ("Ask Nora's team.", set()),
        ("Ask Peter Feld.", {"peter"}),
    ],
)
def test_what_no_source_holds_is_invented(text: str, invented: set[str]) -> None:
    sources = ["The price is $1,200.00, said Nora Feld.", "Wait three days."]

    assert inventions(text, sources) == invented
