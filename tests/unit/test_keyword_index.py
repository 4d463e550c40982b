"""Keywords are found whole, and the best of a domain comes last."""

from __future__ import annotations

import numpy as np
import pytest

from mdsa.router.keyword_index import KeywordIndex


@pytest.fixture(scope="module")
def index() -> KeywordIndex:
    keywords = {("track", "number"): [0], ("track",): [0, 2], ("gift", "card", "number"): [1]}
    return KeywordIndex(
        {
            frozenset(stems): (np.array(domains), np.full(len(domains), 1 / len(domains)))
            for stems, domains in keywords.items()
        }
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("track it", {0: 0.5, 2: 0.5}),
        ("the number to track", {0: 1.0, 2: 0.5}),
        ("number of a gift card", {1: 1.0}),
        ("number of a gift", {}),
        ("zebra", {}),
        ("", {}),
    ],
)
def test_a_keyword_counts_where_all_its_stems_stand(
    index: KeywordIndex, text: str, expected: dict[int, float]
) -> None:
    messages, domains, weights = index.found([["gift"], text.split(), ["track"]])

    mine = messages == 1
    assert dict(zip(domains[mine].tolist(), weights[mine].tolist(), strict=True)) == expected
    assert domains[messages == 2].tolist() == [0, 2]
    assert index.best(text.split()) == expected


def test_no_keywords_are_never_found() -> None:
    messages, domains, weights = KeywordIndex({}).found([["track"], []])

    assert len(messages) == len(domains) == len(weights) == 0
    assert KeywordIndex({}).best(["track"]) == {}
