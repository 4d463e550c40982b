"""The out-of-scope score, on clusters of which some were never shown to the classifier."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import numpy as np
import pytest

from mdsa.router.calibration import expected_calibration_error
from mdsa.router.out_of_scope import OutOfScope, class_centres, fit_out_of_scope

_CLASSES, _HIDDEN, _TEMPERATURE = 12, 24, 0.5
_PRIOR = 0.1


class Rows(NamedTuple):
    logits: Any
    embeddings: Any
    labels: Any


class World:
    """Labels as directions; a classifier that compares with those of the first twelve."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(0)
        directions = self.rng.normal(size=(_CLASSES + 8, _HIDDEN))
        self.directions = directions / np.linalg.norm(directions, axis=1, keepdims=True)

    def draw(self, count: int, *, outside: bool = False) -> Rows:
        low, high = (_CLASSES, _CLASSES + 8) if outside else (0, _CLASSES)
        labels = self.rng.integers(low, high, count)
        noise = self.rng.normal(0, 0.13, (count, _HIDDEN))
        embeddings = self.directions[labels] + noise
        return Rows(5 * embeddings @ self.directions[:_CLASSES].T, embeddings, labels)


@pytest.fixture
def world() -> World:
    return World()


def fitted(world: World, examples: int = 0, prior: float = _PRIOR) -> OutOfScope:
    training, held_out = world.draw(2_000), world.draw(1_000)
    outside = world.draw(examples, outside=True)
    return fit_out_of_scope(
        *held_out,
        class_centres(training.embeddings, training.labels, _CLASSES),
        temperature=_TEMPERATURE,
        outside=(outside.logits, outside.embeddings),
        prior=prior,
    )


def auroc(inside: Any, outside: Any) -> float:
    """Share of pairs of which the outsider scores higher; a tie counts half."""
    differences = outside[:, None] - inside[None, :]
    return float((differences > 0).mean() + (differences == 0).mean() / 2)


@pytest.mark.parametrize("examples", [0, 5, 100])
def test_messages_of_unseen_classes_stand_out(world: World, examples: int) -> None:
    score = fitted(world, examples)
    inside, outside = world.draw(1_000), world.draw(1_000, outside=True)

    judged_inside = score.probability(inside.logits, inside.embeddings)
    judged_outside = score.probability(outside.logits, outside.embeddings)

    assert auroc(judged_inside, judged_outside) > 0.97
    assert judged_inside.mean() < 0.1
    assert judged_outside.mean() > 0.6


def test_with_examples_the_probability_is_calibrated_for_the_prior(world: World) -> None:
    score = fitted(world, 1_000, prior=0.3)
    inside, outside = world.draw(7_000), world.draw(3_000, outside=True)

    judged = score.probability(
        np.concatenate([inside.logits, outside.logits]),
        np.concatenate([inside.embeddings, outside.embeddings]),
    )

    truth = np.arange(10_000) >= 7_000
    assert judged.mean() == pytest.approx(0.3, abs=0.02)
    assert expected_calibration_error(judged, truth) < 0.04


@pytest.mark.parametrize("examples", [0, 5])
def test_rows_that_are_struck_out_teach_the_energy_alone(world: World, examples: int) -> None:
    weights = fitted(world, examples).weights

    assert weights["energy"] < 0
    assert weights["nearest"] == weights["log_max"] == 0


def test_no_measure_counts_the_wrong_way(world: World) -> None:
    for examples in (0, 100):
        assert all(weight <= 0 for weight in fitted(world, examples).weights.values())


def test_a_higher_prior_makes_it_likelier(world: World) -> None:
    rows = world.draw(100)

    low, high = (
        fitted(world, prior=prior).probability(rows.logits, rows.embeddings).mean()
        for prior in (0.01, 0.3)
    )

    assert high > 2 * low


def test_the_length_of_an_embedding_does_not_matter(world: World) -> None:
    score, rows = fitted(world), world.draw(10)

    assert score.probability(rows.logits, rows.embeddings * 7) == pytest.approx(
        score.probability(rows.logits, rows.embeddings)
    )


def test_what_was_kept_judges_alike(world: World) -> None:
    score, rows = fitted(world, 100), world.draw(10)
    parameters = json.loads(json.dumps(score.parameters()))

    restored = OutOfScope.restore(parameters, score.arrays())

    assert (
        restored.probability(rows.logits, rows.embeddings).tolist()
        == score.probability(rows.logits, rows.embeddings).tolist()
    )


@pytest.mark.parametrize(
    "change",
    [{"weights": {"luck": -1.0}}, {"weights": None}, {"temperature": 0}, {"bias": None}],
)
def test_parameters_that_cannot_be_used(world: World, change: dict[str, Any]) -> None:
    score = fitted(world)

    with pytest.raises(ValueError, match="out-of-scope score"):
        OutOfScope.restore({**score.parameters(), **change}, score.arrays())
    with pytest.raises(ValueError, match="lack"):
        OutOfScope.restore(score.parameters(), {})


def test_two_labels_suffice(world: World) -> None:
    rows = world.draw(500)
    two = rows.labels < 2
    logits, embeddings, labels = rows.logits[two][:, :2], rows.embeddings[two], rows.labels[two]
    outside = world.draw(200, outside=True)

    score = fit_out_of_scope(
        logits, embeddings, labels, class_centres(embeddings, labels, 2), temperature=1.0
    )

    judged_outside = score.probability(outside.logits[:, :2], outside.embeddings)
    assert auroc(score.probability(logits, embeddings), judged_outside) > 0.95


def test_without_rows_there_is_nothing_to_fit() -> None:
    none = np.empty((0, 3))

    with pytest.raises(ValueError, match="0 held-out rows"):
        fit_out_of_scope(
            none, none, np.array([], dtype=int), np.eye(3, dtype=np.float32), temperature=1.0
        )
    assert class_centres(np.ones((1, 3)), np.array([0]), 2)[1].tolist() == [0, 0, 0]
