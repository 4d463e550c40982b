"""Typos mended towards a small vocabulary."""

from __future__ import annotations

import pytest

from mdsa.router.spelling import Speller

COMMON = ("the", "my", "is", "where", "card", "cart", "balance", "order", "hello", "please", "what")
SPELLER = Speller({word: rank for rank, word in enumerate(COMMON)})


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("what is my balnce", "what is my balance"),
        ("what is my ballance", "what is my balance"),
        ("what is my balence", "what is my balance"),
        ("what is my balnace", "what is my balance"),
        ("wheer is my odrer?!", "where is my order?!"),
        ("HELLP, Balence please", "hello, Balence please"),
    ],
)
def test_one_slip_is_mended_and_the_rest_left_alone(typed: str, meant: str) -> None:
    assert SPELLER.mend(typed) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "what is my order",
        "is my crd",
        "where is x9orders",
        "please ask Orderr",
        "wo ist meine Bestellunk ordre",
        "please, the órder",
        "what is me@balence.com",
        "where is my order-ballance's",
        "what is quixotic",
        "where is " + "o" * 5000,
    ],
)
def test_what_is_known_short_foreign_or_a_name_is_left_alone(text: str) -> None:
    assert SPELLER.mend(text) == text


def test_the_more_frequent_word_is_taken() -> None:
    assert SPELLER.mend("my cardt") == "my card"


def test_words_of_the_domains_come_before_more_frequent_ones() -> None:
    own = Speller({word: rank for rank, word in enumerate(COMMON)}, {"cart", "fakturo"})

    assert own.mend("my cardt") == "my cart"
    assert own.mend("my fakturo") == "my fakturo"
    assert own.mend("my faktoro") == "my fakturo"


def test_without_a_vocabulary_nothing_is_mended() -> None:
    assert Speller({}).mend("where is my odrer") == "where is my odrer"
