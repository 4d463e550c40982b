"""Rivals of the router, over vectors that are made up of the words of a text."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np
import pytest

from mdsa.errors import ModelUnavailableError
from mdsa.evals.routing_baselines import (
    LogisticOnVectors,
    Matrix,
    NearestCentroid,
    NearestText,
    SemanticRouter,
    TfidfLogistic,
    baselines,
    texts_of,
)
from mdsa.router import RouterDomain

WORDS = ("cat", "purr", "dog", "bark")
DOMAINS = [
    RouterDomain("cat", "cat", (), ("cat purr", "purr", "purr purr")),
    RouterDomain("dog", "dog", (), ("dog bark", "bark", "bark bark")),
]


class Words:
    """Counts words; each text's counts are scaled to length 1."""

    name = "words"

    def embed(self, texts: Sequence[str]) -> Matrix:
        counts = np.array([[text.split().count(word) for word in WORDS] for text in texts], float)
        lengths = np.linalg.norm(counts, axis=1, keepdims=True)
        return (counts / np.maximum(lengths, 1e-9)).astype(np.float32)


def test_a_rival_is_told_what_our_router_is_told():
    domain = RouterDomain("pay_bill", "Bills.", ("bill",), ("pay it", "pay it"))
    assert texts_of(domain) == ["pay bill", "Bills.", "bill", "pay it"]


def test_the_nearest_text_by_hand():
    rival = NearestText(Words())
    rival.set_up(DOMAINS)
    scored = rival.score(["purr dog", "cat"])
    # To "purr" and "dog", either is at 45 degrees; "cat dog" has no text of its own.
    assert scored.scores[0] == pytest.approx([0.5**0.5, 0.5**0.5], abs=1e-6)
    assert scored.scores[1] == pytest.approx([1, 0], abs=1e-6)
    assert scored.out_of_scope == pytest.approx([1 - 0.5**0.5, 0], abs=1e-6)
    assert not scored.are_probabilities


def test_the_nearest_centroid_by_hand():
    rival = NearestCentroid(Words())
    rival.set_up([RouterDomain("cat", "purr"), RouterDomain("dog", "dog")])
    # The first centre is half "cat" and half "purr".
    assert rival.score(["cat"]).scores[0] == pytest.approx([0.5**0.5, 0], abs=1e-6)


@pytest.mark.parametrize("rival", [LogisticOnVectors(Words()), TfidfLogistic()])
def test_logistic_regressions_learn_the_words(rival: LogisticOnVectors | TfidfLogistic):
    rival.set_up(DOMAINS)
    scored = rival.score(["purr", "dog dog", "nothing known"])
    assert scored.labels == ("cat", "dog")
    assert scored.best[:2].tolist() == [0, 1]
    assert scored.scores.sum(axis=1) == pytest.approx([1, 1, 1])
    assert scored.scores[2] == pytest.approx([0.5, 0.5], abs=0.1)


def test_logistic_regression_learns_where_classes_are_many():
    names = [f"topic{number}" for number in range(150)]
    rival = TfidfLogistic()
    rival.set_up([RouterDomain(name, f"all of {name}", (), (f"{name} please",)) for name in names])

    scored = rival.score([f"about {name}" for name in names])

    assert scored.best.tolist() == list(range(150))


def test_who_competes():
    described = {rival.name for rival in baselines(Words(), Words(), examples=False)}
    shown = {rival.name for rival in baselines(Words(), Words(), examples=True)}
    assert "words, nearest text" in described
    assert shown - described == {"words, nearest centroid", "words + logistic regression"}


@pytest.mark.skipif(find_spec("semantic_router") is not None, reason="it is installed")
def test_a_rival_that_is_not_installed_says_how_to_install_it():
    with pytest.raises(ModelUnavailableError, match="not installed: pip install semantic-router"):
        SemanticRouter(Words()).set_up(DOMAINS)


@pytest.mark.skipif(find_spec("semantic_router") is None, reason="an optional package")
def test_semantic_router_names_the_best_route():
    rival = SemanticRouter(Words())
    rival.set_up(DOMAINS)
    scored = rival.score(["purr", "bark"])
    assert scored.best.tolist() == [0, 1]
