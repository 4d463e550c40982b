"""Vectors as rows of a matrix."""

from __future__ import annotations

import numpy as np
import pytest

from mdsa.router.vectors import product


@pytest.mark.parametrize(
    ("rows", "columns"),
    [(0, 5), (1, 5), (64, 5), (64, 150), (7, 1000)],
    ids=["none", "one", "in one piece", "in pieces", "row by row"],
)
def test_a_product_in_pieces_is_the_whole(rows: int, columns: int) -> None:
    random = np.random.default_rng(0)
    left = random.normal(size=(rows, 384)).astype(np.float32)
    right = random.normal(size=(columns, 384)).astype(np.float32).T
    found = product(left, right)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, left @ right, atol=1e-3)


def test_a_product_without_columns_is_empty() -> None:
    assert product(np.ones((3, 4)), np.ones((4, 0))).shape == (3, 0)
