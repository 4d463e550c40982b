"""What is common to vectors, and how much each direction varies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mdsa.router.background import FILE, Background, load_background


def messages() -> np.ndarray:
    """Unit vectors with a common direction (the first) that vary most along the second."""
    rng = np.random.default_rng(0)
    spread = np.array([0.01, 1.0, 0.3, 0.1, 0.1, 0.1, 0.1, 0.1])
    vectors = rng.normal(size=(2000, 8)) * spread + np.eye(8)[0]
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_what_is_common_is_taken_away() -> None:
    vectors = messages()

    centred = Background.fit(vectors, rank=3).centre(vectors)

    assert (vectors @ vectors.T).mean() > 0.3
    assert abs((centred @ centred.T).mean()) < 0.05
    assert np.linalg.norm(centred, axis=1) == pytest.approx(1, abs=1e-5)


def test_a_direction_in_which_all_vary_counts_for_less() -> None:
    background = Background.fit(messages(), rank=3)
    axes = np.eye(8, dtype=np.float32)

    lengths = np.linalg.norm(background.weigh(axes), axis=1)

    assert lengths[1] < lengths[2] < lengths[3]


def test_the_usual_spread_is_one() -> None:
    vectors = messages()
    background = Background.fit(vectors, rank=3)

    centred = background.centre(vectors)

    spread = 1 / np.linalg.norm(background.weigh(centred), axis=1)
    assert np.sqrt((spread**2).mean()) == pytest.approx(1, abs=1e-3)


def test_a_plain_one_leaves_cosines() -> None:
    vectors = messages()
    background = Background.plain(8)

    weighed = background.weigh(background.centre(vectors))

    assert weighed == pytest.approx(vectors, abs=1e-5)


def test_a_zero_vector_stays_finite() -> None:
    background = Background.fit(messages(), rank=3)

    assert np.isfinite(background.weigh(background.centre(background.mean[None, :]))).all()


def test_it_survives_a_file(tmp_path: Path) -> None:
    vectors = messages()
    background = Background.fit(vectors, rank=3)
    background.save(tmp_path / "background.npz")

    with np.load(tmp_path / "background.npz") as file:
        again = Background(
            file["mean"], file["directions"].astype(np.float32), float(file["remainder"])
        )

    centred = background.centre(vectors)
    assert again.weigh(again.centre(vectors)) == pytest.approx(background.weigh(centred), rel=1e-2)


def test_the_shipped_one_is_for_vectors_of_its_size() -> None:
    assert FILE.is_file()
    assert np.linalg.norm(load_background(384).mean) > 0
    assert np.linalg.norm(load_background(64).mean) == 0
