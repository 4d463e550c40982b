"""Vectors as rows of a matrix."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["unit"]

_Float = TypeVar("_Float", np.float32, np.float64)


_SHORTEST = 1e-9


def unit(rows: NDArray[_Float]) -> NDArray[_Float]:
    """Bring rows (rows, dimensions) to length 1, in their own precision; zeros stay zeros."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    result: NDArray[_Float] = rows / np.maximum(lengths, rows.dtype.type(_SHORTEST))
    return result
