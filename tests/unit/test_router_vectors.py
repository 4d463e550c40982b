"""Vectors as rows of a matrix."""

from __future__ import annotations

import numpy as np
import pytest

from mdsa.router.vectors import pieces, product, product_by_vector


@pytest.mark.parametrize(
    ("rows", "columns"),
    [(0, 5), (1, 5), (1, 1000), (64, 5), (64, 150), (7, 1000), (17, 701)],
    ids=["none", "one", "one, long", "in one piece", "by rows", "by columns", "by both"],
)
def test_a_product_in_pieces_is_the_whole(rows: int, columns: int) -> None:
    random = np.random.default_rng(0)
    left = random.normal(size=(rows, 384)).astype(np.float32)
    right = random.normal(size=(columns, 384)).astype(np.float32).T
    found = product(left, right)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, left @ right, atol=1e-3)


@pytest.mark.parametrize("rows", [0, 5, 3000], ids=["none", "in one piece", "in pieces"])
def test_a_product_by_one_vector_is_the_whole(rows: int) -> None:
    random = np.random.default_rng(0)
    left = random.normal(size=(rows, 384)).astype(np.float32)
    vector = random.normal(size=384).astype(np.float32)
    found = product_by_vector(left, vector)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, left @ vector, atol=1e-3)


def test_a_product_without_columns_is_empty() -> None:
    assert product(np.ones((3, 4)), np.ones((4, 0))).shape == (3, 0)


@pytest.mark.parametrize("count", [2, 16, 17, 33, 1000])
def test_no_piece_of_several_rows_is_a_single_one(count: int) -> None:
    found = list(pieces(count, 16))
    assert [at for one in found for at in range(one.start, one.stop)] == list(range(count))
    assert all(2 <= one.stop - one.start <= 16 for one in found)
