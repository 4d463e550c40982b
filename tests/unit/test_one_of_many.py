"""What is scored in few calls among very many domains is what the arrays give."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from mdsa.router import RouterDomain
from mdsa.router.background import Background
from mdsa.router.features import Matrix, Table, assemble, features, prepare, stems, word_features
from mdsa.router.one_of_many import zero_shot
from mdsa.router.zero_shot import Weights, probabilities

DOMAINS = 120
WORDS = [f"{first}{second}" for first in "abcdefgh" for second in ("lume", "stone", "berry")]
RANDOM = np.random.default_rng(0)


def embed(texts: Sequence[str]) -> Matrix:
    vectors = np.array([RANDOM.normal(size=16) for _ in texts], np.float32) + 0.5
    unit: Matrix = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


@pytest.fixture(scope="module")
def table() -> Table:
    domains = [
        RouterDomain(f"d{at}", "", tuple(" ".join(RANDOM.choice(WORDS, 2)) for _ in range(9)))
        for at in range(DOMAINS)
    ]
    return assemble(
        [prepare(domain, embed) for domain in domains],
        Background.fit(embed(["message"] * 300), rank=4),
    )


def test_a_message_has_the_probabilities_that_arrays_give(table: Table) -> None:
    assert table.vectors.texts is None  # else they would be compared in another way
    words = [stems(" ".join(RANDOM.choice(WORDS, 5))) for _ in range(20)]
    vectors = embed(["message"] * 20)
    measured = word_features(words, table)
    features(vectors, measured, table)
    expected = probabilities(measured)

    products = table.vectors.compare(vectors).products
    found = [
        zero_shot(*message, table.vectors, Weights())
        for message in zip(vectors, products, word_features(words, table), strict=True)
    ]

    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=1e-6)
    assert expected[:, :-1].max(axis=1).min() > 2 / DOMAINS  # they tell domains apart
