"""Weights as 8-bit integers, one scale per row."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["LINEAR_LEVELS", "TABLE_LEVELS", "quantize_rows"]

LINEAR_LEVELS = 64
"""Largest magnitude of a linear layer's weight.

Without VNNI, x86 multiplies unsigned activations with signed weights in pairs and adds the two
products in 16 bits, which saturate above 2**15 - 1. 2 * 255 * 64 = 32640 fits, so these 7-bit
weights give the same result on every CPU; 8-bit ones do not.
"""
TABLE_LEVELS = 127
"""Largest magnitude in a lookup table, which is never multiplied."""

_SMALLEST_SCALE = 1e-12


def quantize_rows(
    matrix: NDArray[np.float32], levels: int
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Round each row to integers in [-levels, levels].

    Args:
        matrix: shape (rows, columns).
        levels: magnitude that a row's largest value becomes, at most 127.

    Returns:
        Integers of the same shape, and scales of shape (rows,) to multiply them with.
    """
    largest = np.maximum(matrix.max(axis=1), -matrix.min(axis=1))
    scales = np.maximum(largest / levels, _SMALLEST_SCALE).astype(np.float32)
    rounded = np.multiply(matrix, (1 / scales)[:, None], dtype=np.float32)
    return np.rint(rounded, out=rounded).astype(np.int8), scales
