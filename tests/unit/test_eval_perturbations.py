"""Slips of the finger: one each, as many as asked, the same ones every time."""

from __future__ import annotations

import pytest

from mdsa.evals.perturbations import (
    PERTURBATIONS,
    all_caps,
    lower_case,
    typos,
    without_punctuation,
)


def edits(left: str, right: str) -> int:
    """Edits between two words, a swap of neighbours being one (Damerau)."""
    table = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for row in range(len(left) + 1):
        for column in range(len(right) + 1):
            if not row or not column:
                table[row][column] = row + column
                continue
            same = left[row - 1] == right[column - 1]
            best = min(
                table[row - 1][column] + 1,
                table[row][column - 1] + 1,
                table[row - 1][column - 1] + (not same),
            )
            if (
                min(row, column) > 1
                and left[row - 1] == right[column - 2]
                and left[row - 2] == right[column - 1]
            ):
                best = min(best, table[row - 2][column - 2] + 1)
            table[row][column] = best
    return table[-1][-1]


def test_every_word_gets_one_slip_where_all_are_asked_for():
    text = "how do I cancel an order of 25 aaa chairs?"
    for seed in range(50):
        changed = typos(text, seed, share=1.0)
        pairs = list(zip(text.split(), changed.split(), strict=True))
        assert [edits(word, slipped) for word, slipped in pairs] == [1, 1, 1, 1, 1, 1, 1, 0, 1, 1]
        assert "25" in changed
        assert changed.endswith("?")


def test_all_four_slips_occur():
    lengths = {len(typos("planet", seed, share=1.0)) for seed in range(40)}
    kept = [typos("planet", seed, share=1.0) for seed in range(40)]
    assert lengths == {5, 6, 7}
    assert any(sorted(word) == sorted("planet") for word in kept), "swap"
    assert any(len(word) == 6 and sorted(word) != sorted("planet") for word in kept), "replacement"


def test_the_share_is_of_words():
    text = " ".join(["something"] * 2000)
    changed = sum(word != "something" for word in typos(text, seed=3).split())
    assert changed == pytest.approx(200, abs=40)
    assert typos(text, share=0.0) == text


def test_slips_follow_from_text_and_seed():
    text = "where is the parcel that I sent to my brother last week"
    assert typos(text, 1) == typos(text, 1)
    assert len({typos(text, seed) for seed in range(10)}) > 1


def test_case_and_punctuation():
    text = "What's a 5-day pass_code, please?"
    assert all_caps(text) == "WHAT'S A 5-DAY PASS_CODE, PLEASE?"
    assert lower_case(text) == "what's a 5-day pass_code, please?"
    assert without_punctuation(text) == "Whats a 5day passcode please"
    assert without_punctuation("où est-il ?") == "où estil "


def test_changes_go_by_name():
    assert PERTURBATIONS["all capitals"]("hello", 0) == "HELLO"
    assert set(PERTURBATIONS) == {
        "typos in 10 % of words",
        "all capitals",
        "lower case",
        "no punctuation",
    }
