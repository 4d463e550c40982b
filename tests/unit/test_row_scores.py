"""Scores that share a row behave like the dictionary that they stand for."""

from __future__ import annotations

import numpy as np
import pytest

from mdsa.router.protocol import Route, best_domains
from mdsa.router.row_scores import RowScores

SCORES = {"orders": 0.2, "support": 0.5, "billing": 0.2}


@pytest.fixture
def scores() -> RowScores:
    row = np.array([*SCORES.values(), 0.1])  # the last is that of no domain
    return RowScores({name: place for place, name in enumerate(SCORES)}, row)


def test_it_reads_like_the_dictionary(scores: RowScores) -> None:
    assert scores == SCORES
    assert dict(scores.items()) == SCORES
    assert list(scores) == list(scores.keys()) == list(SCORES)
    assert list(scores.values()) == list(SCORES.values())
    assert len(scores) == 3
    assert repr(scores) == repr(SCORES)


def test_a_name_is_looked_up(scores: RowScores) -> None:
    assert type(scores["support"]) is float
    assert "orders" in scores
    assert scores.keys() <= {*SCORES, "other"}
    assert scores.get("other", 0.0) == 0.0
    with pytest.raises(KeyError):
        scores["other"]


def test_a_route_knows_its_best_domains(scores: RowScores) -> None:
    route = Route(scores, 0.1)

    assert (route.domain, route.confidence) == ("support", 0.5)
    assert best_domains(scores, 2) == ["support", "billing"]
