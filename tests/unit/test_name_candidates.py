"""Names in a message, as values of arguments: where they begin and end."""

from __future__ import annotations

import pytest

from mdsa.models.reader.candidates import find_candidates
from mdsa.models.reader.values import names


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A room in Oakland. Is there one?", ["Oakland"]),
        ("Look in Concord I prefer two beds", ["Concord"]),
        ("a trip to St. Ives. Two tickets", ["St. Ives"]),
        ("books by J.R.R. Tolkien", ["J.R.R. Tolkien"]),
        ("a course on Node.js", ["Node.js"]),
        ("a taxi in Portland, OR, at six", ["Portland, OR"]),
    ],
)
def test_names_end_with_their_sentence(text: str, expected: list[str]) -> None:
    assert [found.value for found in names(text)][: len(expected)] == expected


@pytest.mark.parametrize("value", ["1722 First Street", "30th Street Station", "AMC Eastridge 15"])
def test_numbers_belong_to_names(value: str) -> None:
    named = [one.text for one in find_candidates(f"meet at {value}") if one.kind == "name"]
    assert value in named
