"""How sentence vectors lie in general: what is common to all of them, and what varies how much.

Vectors of an encoder share a direction, and some directions vary more than others, so a cosine of
0.4 may be much between two texts and little between two others. Here the mean of many messages is
taken away, and each vector is measured in units of how similar messages in general are to it
(cf. Mu and Viswanath 2018, arXiv:1702.01417; z-normalised scores in speaker verification).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from mdsa.errors import ModelUnavailableError
from mdsa.router.vectors import product

__all__ = ["FILE", "Background", "load_background"]

Matrix = NDArray[np.float32]

FILE = Path(__file__).parent / "background.npz"
"""Of the encoder that ships with MDSA; written by `python -m mdsa.evals.router_calibration`."""

_RANK = 64
_SMALLEST = 1e-6


@dataclass(frozen=True, slots=True)
class Background:
    """Mean and covariance of messages' vectors; the latter as a few directions and a remainder.

    Attributes:
        mean: (dimensions,).
        directions: (rank, dimensions); a vector x has the variance
            `|directions @ x|² + remainder * |x|²`.
        remainder: variance in every direction.
    """

    mean: Matrix
    directions: Matrix
    remainder: float

    @classmethod
    def plain(cls, dimensions: int) -> Background:
        """One that changes nothing: similarities stay cosines."""
        return cls(np.zeros(dimensions, np.float32), np.zeros((0, dimensions), np.float32), 1.0)

    @classmethod
    def fit(cls, vectors: Matrix, rank: int = _RANK) -> Background:
        """Estimate from unit vectors of many messages, (messages, dimensions).

        The unit is chosen so that the vectors' own root mean square spread is 1; similarities then
        have about the size of cosines.
        """
        mean = vectors.mean(axis=0, dtype=np.float64)
        centred = vectors - mean
        variances, axes = np.linalg.eigh(centred.T @ centred / len(centred))
        remainder = float(variances[:-rank].mean()) if rank < len(variances) else 0.0
        directions = (axes[:, -rank:] * np.sqrt(np.maximum(variances[-rank:] - remainder, 0))).T
        length = np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), _SMALLEST)
        unit = centred / length
        scale = float((((unit @ directions.T) ** 2).sum(axis=1) + remainder).mean())
        return cls(
            mean.astype(np.float32),
            (directions / np.sqrt(scale)).astype(np.float32),
            remainder / scale,
        )

    def centre(self, vectors: Matrix) -> Matrix:
        """Take the mean away; vectors of length 1."""
        centred = vectors - self.mean
        length = np.linalg.norm(centred, axis=1, keepdims=True)
        result: Matrix = (centred / np.maximum(length, _SMALLEST)).astype(np.float32)
        return result

    def weigh(self, centred: Matrix) -> Matrix:
        """Divide what `centre` gives by its spread: the dot product of two such is a similarity."""
        variance = (product(centred, self.directions.T) ** 2).sum(axis=1) + self.remainder
        result: Matrix = centred / np.sqrt(np.maximum(variance, _SMALLEST))[:, None]
        return result

    def save(self, file: Path) -> None:
        """Write for `load_background`."""
        np.savez_compressed(
            file,
            mean=self.mean,
            directions=self.directions.astype(np.float16),
            remainder=np.float32(self.remainder),
        )


@lru_cache(maxsize=4)
def load_background(dimensions: int) -> Background:
    """The shipped one for vectors of its dimension, else one that changes nothing.

    Raises:
        ModelUnavailableError: the file is missing or damaged.
    """
    try:
        with np.load(FILE) as file:
            if len(file["mean"]) != dimensions:
                return Background.plain(dimensions)
            return Background(
                file["mean"], file["directions"].astype(np.float32), float(file["remainder"])
            )
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise ModelUnavailableError(
            f"cannot read {str(FILE)!r} ({error}): pip install --force-reinstall --no-deps mdsa"
        ) from error
