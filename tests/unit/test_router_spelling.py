"""Typos mended towards a small vocabulary."""

from __future__ import annotations

import json

import pytest

from mdsa.router.spelling import Speller, frequent_words, trained_speller

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


def tokenizer_json(*words: str) -> str:
    return json.dumps({"model": {"vocab": {word: at for at, word in enumerate(words)}}})


def test_the_words_of_texts_come_by_their_frequency() -> None:
    texts = ["Top up my card!", "my crypto-card, my café, at 5pm", "MY CARD"]

    assert frequent_words(texts) == ["card", "crypto", "top"]


def test_a_trained_router_mends_towards_the_words_it_was_trained_on() -> None:
    speller = trained_speller(tokenizer_json("the", "cart", "balance", "##x"), ["card", "crypto"])

    assert speller.mend("the cardt and crpyto") == "the card and crypto"
    assert speller.mend("the balence") == "the balance"
    # Known from either side.
    assert speller.mend("crypto cart") == "crypto cart"


def test_the_more_frequent_word_of_the_training_is_taken() -> None:
    common = tokenizer_json("debit", "debut")

    assert trained_speller(common, ["debut", "debit"]).mend("debuit") == "debut"
    assert trained_speller(common, ["debit", "debut"]).mend("debuit") == "debit"


def test_a_router_of_unknown_words_mends_nothing() -> None:
    assert trained_speller(tokenizer_json("balance"), []).mend("my balence") == "my balence"
