"""What two teachers together say."""

import numpy as np
import pytest

from mdsa.router.calibration import softmax
from mdsa.training.router_rows import Part
from mdsa.training.router_teacher import joint_logits

LABELS = np.repeat([0, 1, 2], 20)
TEXTS = [f"text {number}" for number in range(len(LABELS))]


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def around(labels, seed):
    noise = np.random.default_rng(seed).normal(size=(len(labels), 8))
    return unit(np.eye(8)[labels] * 4 + 0.3 * noise)


def test_the_mean_of_both_is_taken():
    rows = Part(TEXTS, LABELS)
    others = np.array([0, 1, 2, 1])
    vectors = np.concatenate([around(LABELS, 0), around(others, 1)])
    sure_of_the_first = np.tile(np.float32([30, 0, 0]), (len(vectors), 1))

    found = softmax(joint_logits(sure_of_the_first, vectors, rows))

    labels = np.concatenate([LABELS, others])
    assert found.shape == (64, 3)
    assert found[labels == 0, 0].min() > 0.9
    # One is certain of the first, the other nearly so of the right one.
    for label in (1, 2):
        assert found[labels == label, 0] == pytest.approx(0.5, abs=0.1)
        assert found[labels == label, label] == pytest.approx(0.5, abs=0.1)


def test_a_wrong_label_is_doubted_though_the_model_has_learned_it():
    labels = LABELS.copy()
    labels[3] = 2
    repeats_the_labels = (20 * np.eye(3)[labels]).astype(np.float32)

    found = softmax(joint_logits(repeats_the_labels, around(LABELS, 0), Part(TEXTS, labels)))

    assert found[3, 2] < 0.65
    assert found[3, 0] > 0.3
    assert found[4, 0] > 0.9


def test_copies_of_a_text_do_not_vouch_for_each_other():
    # Texts that have nothing in common: only a copy can tell the label.
    vectors = unit(np.random.default_rng(0).normal(size=(len(TEXTS), 256)))
    copies = [5] * 10
    texts = [*TEXTS, *(TEXTS[at].upper() for at in copies)]
    vectors = np.concatenate([vectors, vectors[copies]])
    labels = np.append(LABELS, LABELS[copies])
    nothing = np.zeros((len(texts), 3), np.float32)

    found = softmax(joint_logits(nothing, vectors, Part(texts, labels)))

    assert found[-1, 0] < 0.5
