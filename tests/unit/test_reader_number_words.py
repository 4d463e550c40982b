"""Numbers in words."""

from __future__ import annotations

import pytest

from mdsa.models.reader.number_words import spelled_numbers
from mdsa.models.reader.values import numbers


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("sixty-two thousand pounds", 62_000),
        ("for a hundred and ten people", 110),
        ("about seventy guests", 70),
        ("half an hour", 0.5),
        ("two and a half hours", 2.5),
        ("a couple of jars", 2),
        ("a pair of lamps", 2),
        ("half a dozen", 6),
        ("five hundred and five", 505),
    ],
)
def test_a_number_in_words_is_read_whole(text: str, value: float) -> None:
    assert [found for found, _, _ in spelled_numbers(text)] == [value]


def test_numbers_beside_one_another_stay_apart() -> None:
    assert [one.value for one in numbers("two, three or twenty-five of 40")] == [2, 3, 25, 40]


def test_a_scale_after_digits_belongs_to_them() -> None:
    assert [one.value for one in numbers("3 million, 5 thousand and 7 hundred")] == [3e6, 5e3, 700]
