"""Features turned into probabilities."""

from __future__ import annotations

import numpy as np
import pytest

from mdsa.router.features import FEATURES
from mdsa.router.zero_shot import SHARED, Weights, out_of_scope_features, probabilities

NOTHING = Weights(*(0.0 for _ in Weights._fields))


def alike(texts: int, domains: int, value: float = 0.0) -> np.ndarray:
    return np.full((texts, domains, len(FEATURES)), value, dtype=np.float32)


def test_there_is_a_weight_for_every_feature() -> None:
    assert Weights._fields == (*FEATURES, *SHARED)


def test_probabilities_add_up_to_one_with_that_of_no_domain() -> None:
    features = np.random.default_rng(0).random((5, 3, len(FEATURES)), dtype=np.float32)

    found = probabilities(features)

    assert found.shape == (5, 4)
    assert found.sum(axis=1) == pytest.approx(1)
    assert (found >= 0).all()


@pytest.mark.parametrize("name", FEATURES)
def test_more_of_any_feature_makes_a_domain_likelier(name: str) -> None:
    features = alike(1, 3, 0.2)
    features[0, 1, FEATURES.index(name)] += 0.2

    found = probabilities(features)[0]

    assert found[1] > found[0] == pytest.approx(found[2])


def test_what_resembles_no_domain_is_out_of_scope_and_what_resembles_one_is_not() -> None:
    features = alike(2, 5)
    features[1, 2] = 1

    found = probabilities(features)

    assert found[0, -1] > 0.5
    assert found[1, 2] > 0.9


def test_one_domain_alone_is_no_certainty() -> None:
    found = probabilities(alike(1, 1))[0]

    assert found[0] < 0.5


def test_large_features_do_not_overflow() -> None:
    found = probabilities(alike(1, 2, 1e6), NOTHING._replace(nearest=1.0))

    assert found.tolist() == [[0.5, 0.5, 0.0]]


def test_weights_may_be_given() -> None:
    never = NOTHING._replace(constant=50.0)

    assert probabilities(alike(1, 2, 1.0), never)[0, -1] == pytest.approx(1)


def test_the_share_of_no_domain_may_grow_with_their_number() -> None:
    weights = NOTHING._replace(log_domains=1.0)

    assert probabilities(alike(1, 4), weights)[0, -1] == pytest.approx(0.5)
    assert probabilities(alike(1, 400), weights)[0, -1] == pytest.approx(0.5)


def test_the_features_of_no_domain_do_not_hang_on_the_order_of_domains() -> None:
    features = np.random.default_rng(0).random((4, 6, len(FEATURES)), dtype=np.float32)

    assert out_of_scope_features(features[:, ::-1]) == pytest.approx(
        out_of_scope_features(features), rel=1e-5
    )
