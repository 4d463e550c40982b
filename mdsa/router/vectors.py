"""Vectors as rows of a matrix."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["product", "unit"]

_Float = TypeVar("_Float", np.float32, np.float64)

_SHORTEST = 1e-9
_IN_ONE_THREAD = 2**18
"""Multiplications; for more, OpenBLAS may wake its threads, which spin when they are done."""


def product(rows: NDArray[_Float], matrix: NDArray[_Float]) -> NDArray[_Float]:
    """`rows @ matrix`, (rows, dimensions) by (dimensions, columns), in this thread alone.

    A product of a batch takes microseconds. BLAS's threads would keep the other processors from the
    encoder for milliseconds after it.
    """
    together = max(1, _IN_ONE_THREAD // max(1, matrix.size))
    if len(rows) <= together:
        return rows @ matrix
    result = np.empty((len(rows), matrix.shape[1]), np.result_type(rows, matrix))
    for start in range(0, len(rows), together):
        some = slice(start, start + together)
        np.matmul(rows[some], matrix, out=result[some])
    return result


def unit(rows: NDArray[_Float]) -> NDArray[_Float]:
    """Bring rows (rows, dimensions) to length 1, in their own precision; zeros stay zeros."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    result: NDArray[_Float] = rows / np.maximum(lengths, rows.dtype.type(_SHORTEST))
    return result
