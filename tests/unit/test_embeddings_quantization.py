"""Integers that stand for weights."""

from __future__ import annotations

import numpy as np

from mdsa.embeddings.quantization import LINEAR_LEVELS, quantize_rows


def test_rows_come_back_within_half_a_step():
    matrix = np.random.default_rng(1).normal(size=(7, 50)).astype(np.float32)
    integers, scales = quantize_rows(matrix, LINEAR_LEVELS)
    assert integers.dtype == np.int8
    assert np.abs(integers).max(axis=1).tolist() == [LINEAR_LEVELS] * 7
    assert np.all(np.abs(integers * scales[:, None] - matrix) <= scales[:, None] / 2 + 1e-6)


def test_a_row_of_zeros_stays_zero():
    integers, scales = quantize_rows(np.zeros((2, 4), np.float32), LINEAR_LEVELS)
    assert not integers.any()
    assert np.isfinite(scales).all()


def test_two_products_fit_sixteen_bits():
    assert 2 * 255 * LINEAR_LEVELS < 2**15
