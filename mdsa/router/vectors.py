"""Vectors as rows of a matrix."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["pieces", "product", "product_by_vector", "unit"]

_Float = TypeVar("_Float", np.float32, np.float64)

_SHORTEST = 1e-9
_IN_ONE_THREAD = 2**18
"""Multiplications; for more, OpenBLAS may wake its threads, which spin when they are done."""
_BY_ONE_VECTOR = 450_000
"""Likewise, where the product is by one vector: that is another routine."""
_ROWS = 16
"""Of a piece, at most. One of a single row would read its part of the matrix for that row alone."""


def product(rows: NDArray[_Float], matrix: NDArray[_Float]) -> NDArray[_Float]:
    """`rows @ matrix`, (rows, dimensions) by (dimensions, columns), in this thread alone.

    A product of a batch takes microseconds. BLAS's threads would keep the other processors from the
    encoder for milliseconds after it.
    """
    if len(rows) < 2 or len(rows) * matrix.size <= _IN_ONE_THREAD:
        return rows @ matrix
    columns = matrix.shape[1]
    result = np.empty((len(rows), columns), np.result_type(rows, matrix))
    for some in pieces(len(rows), _ROWS):
        most = _IN_ONE_THREAD // ((some.stop - some.start) * len(matrix))
        for others in pieces(columns, max(2, most)):
            np.matmul(rows[some], matrix[:, others], out=result[some, others])
    return result


def product_by_vector(rows: NDArray[_Float], vector: NDArray[_Float]) -> NDArray[_Float]:
    """`rows @ vector`, (rows, dimensions) by (dimensions,), in this thread alone as well."""
    if rows.size <= _BY_ONE_VECTOR:
        result: NDArray[_Float] = rows.dot(vector)
        return result
    most = max(1, _BY_ONE_VECTOR // rows.shape[1])
    return np.concatenate([rows[some].dot(vector) for some in pieces(len(rows), most)])


def pieces(count: int, most: int) -> Iterator[slice]:
    """Slices of `most` at most that cover `count`, as equal as can be."""
    number = -(-count // most)
    for at in range(number):
        yield slice(count * at // number, count * (at + 1) // number)


def unit(rows: NDArray[_Float]) -> NDArray[_Float]:
    """Bring rows (rows, dimensions) to length 1, in their own precision; zeros stay zeros."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    result: NDArray[_Float] = rows / np.maximum(lengths, rows.dtype.type(_SHORTEST))
    return result
