"""Typing errors: small, seeded, and only where they are wanted."""

from __future__ import annotations

import random

import pytest

from mdsa.training.typing_noise import add_noise, misspell


@pytest.mark.parametrize("seed", range(20))
def test_a_misspelt_word_is_at_most_two_characters_away(seed: int) -> None:
    word = "refund"
    wrong = misspell(word, random.Random(seed))
    assert abs(len(wrong) - len(word)) <= 1
    assert sum(a != b for a, b in zip(wrong, word, strict=False)) <= len(word)
    kept = set(word) - set(wrong)
    assert len(kept) <= 1


def test_every_text_with_a_long_word_changes() -> None:
    texts = ["where is my order", "cancel", "what does it cost to send a parcel abroad?"]
    changed = [add_noise(text, random.Random(seed)) for text in texts for seed in range(10)]
    originals = [text for text in texts for _ in range(10)]
    same = sum(a == b for a, b in zip(changed, originals, strict=True))
    assert same <= 3  # a letter may be replaced by itself


def test_short_words_are_left_alone() -> None:
    assert add_noise("is it on", random.Random(3)) == "is it on"


def test_equal_seeds_make_equal_errors() -> None:
    text = "please send me the invoice of last month"
    assert add_noise(text, random.Random(5)) == add_noise(text, random.Random(5))


def test_a_text_of_signs_alone_is_kept() -> None:
    assert all(add_noise("?!", random.Random(seed)) == "?!" for seed in range(10))
