"""An encoder for tests: texts with the same words lie close, and nothing is loaded."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_DIMENSION = 256


def encode(texts: Sequence[str]) -> NDArray[np.float32]:
    """Sum a random direction for each word: unit vectors, (texts, 256)."""
    vectors = np.stack(
        [
            sum((_direction(word) for word in re.findall(r"\w+", text.casefold())), _zero())
            for text in texts
        ]
    )
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[np.float32] = (vectors / np.maximum(lengths, 1e-9)).astype(np.float32)
    return unit


def _zero() -> NDArray[np.float64]:
    return np.zeros(_DIMENSION)


def _direction(word: str) -> NDArray[np.float64]:
    return np.random.default_rng(zlib.crc32(word.encode())).normal(size=_DIMENSION)
