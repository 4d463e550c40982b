"""The split of data sets into halves."""

from __future__ import annotations

from mdsa.utils.halves import is_held_out


def test_the_split_never_changes() -> None:
    names = ["Super_Bowl_50", "ticketmaster.com", "630", "simple_python_0"]
    assert [is_held_out(name) for name in names] == [True, False, False, True]


def test_the_halves_are_about_as_large() -> None:
    assert 450 < sum(is_held_out(str(number)) for number in range(1000)) < 550
