"""The few-shot head, over points around the centres of domains."""

from __future__ import annotations

import numpy as np
import pytest

from mdsa.router.few_shot import Labelled, fit_few_shot

DIMENSIONS = 32
SPREAD = 0.12


def points(centre: np.ndarray, count: int, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, SPREAD, (count, DIMENSIONS))
    return unit(centre + noise)


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


CENTRES = unit(np.random.default_rng(0).normal(size=(12, DIMENSIONS)))
STRANGERS = unit(np.random.default_rng(9).normal(size=(200, DIMENSIONS)))


def rows(examples: list[int]) -> Labelled:
    """A description near each centre, and so many examples."""
    vectors, labels, is_example = [], [], []
    for domain, count in enumerate(examples):
        vectors += [
            points(CENTRES[domain], 1, 100 + domain),
            points(CENTRES[domain], count, domain),
        ]
        labels += [domain] * (1 + count)
        is_example += [False] + [True] * count
    return Labelled(np.concatenate(vectors), np.array(labels), np.array(is_example), len(examples))


def messages(domains: int, each: int = 60) -> tuple[np.ndarray, np.ndarray]:
    vectors = [points(CENTRES[domain], each, 500 + domain) for domain in range(domains)]
    return np.concatenate(vectors), np.repeat(np.arange(domains), each)


def test_messages_go_to_the_domain_of_their_examples() -> None:
    vectors, labels = messages(12)

    found = fit_few_shot(rows([5] * 12)).probabilities(vectors)

    assert found.shape == (len(labels), 13)
    assert found.sum(axis=1) == pytest.approx(1)
    assert (found[:, :-1].argmax(axis=1) == labels).mean() > 0.85


def test_confidence_is_near_accuracy() -> None:
    vectors, labels = messages(12)

    found = fit_few_shot(rows([5] * 12)).probabilities(vectors)

    right = found[:, :-1].argmax(axis=1) == labels
    assert found[:, :-1].max(axis=1).mean() == pytest.approx(right.mean(), abs=0.12)


def test_strangers_are_likelier_out_of_scope_and_more_so_if_some_were_shown() -> None:
    vectors, _ = messages(12)

    head = fit_few_shot(rows([5] * 12))
    told = fit_few_shot(rows([5] * 12), outside=STRANGERS[:50])

    unseen = STRANGERS[50:]
    assert head.probabilities(vectors)[:, -1].mean() < 0.15
    assert head.probabilities(unseen)[:, -1].mean() > 0.4
    assert told.probabilities(unseen)[:, -1].mean() > head.probabilities(unseen)[:, -1].mean()


def test_domains_without_examples_are_found_beside_those_with() -> None:
    vectors, labels = messages(12)
    head = fit_few_shot(rows([5, 0] * 6))

    found = head.probabilities(vectors)
    right = found[:, :-1].argmax(axis=1) == labels

    assert not head.all_taught
    assert found.sum(axis=1) == pytest.approx(1)
    assert right[labels % 2 == 0].mean() > 0.7
    assert right[labels % 2 == 1].mean() > 0.4


@pytest.mark.parametrize("examples", [[1], [2], [1, 0], [1, 1], [40, 1, 0]])
def test_very_few_examples_give_probabilities_all_the_same(examples: list[int]) -> None:
    vectors, _ = messages(len(examples))

    found = fit_few_shot(rows(examples)).probabilities(np.concatenate([vectors, STRANGERS]))

    assert found.sum(axis=1) == pytest.approx(1)
    assert (found >= 0).all()
    assert found[len(vectors) :, -1].mean() > found[: len(vectors), -1].mean()


def test_a_domain_with_many_examples_is_not_likelier_for_that() -> None:
    weights = rows([40, 4, 4]).weights()

    totals = [weights[start:stop].sum() for start, stop in ((0, 41), (41, 46), (46, 51))]
    assert totals == pytest.approx([5, 5, 5])


def test_sets_from_the_floor_miss_about_as_often_as_asked() -> None:
    vectors, labels = messages(12)
    head = fit_few_shot(rows([10] * 12))

    floor = head.conformal.floor(0.1)

    assert floor is not None
    scores = head.probabilities(vectors)[np.arange(len(labels)), labels]
    assert (scores < floor).mean() < 0.2
