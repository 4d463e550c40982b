"""Prediction sets that keep a wanted error, whatever the model: split-conformal prediction."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from mdsa.router.calibration import Floats

__all__ = ["ConformalScores", "rows_needed"]


def rows_needed(target_error: float) -> int:
    """Fewest calibration rows from which sets that keep an error can be told.

    With fewer, only the set of everything keeps it.
    """
    return math.ceil(1 / target_error - 1e-9) - 1


@dataclass(frozen=True, slots=True)
class ConformalScores:
    """Probabilities that a router gave the right domain on rows it was not fitted on.

    Split-conformal prediction with the score 1 - p(right) (Vovk, Gammerman and Shafer 2005; LAC
    sets of Sadinle, Lei and Wasserman 2019). With n calibration rows, take the
    ceil((n + 1)(1 - e)) / n quantile q of their scores. For a new message, let the set hold each
    domain with 1 - p <= q. If the message and the calibration rows are exchangeable (drawn alike,
    and neither the model nor its temperature was fitted on them), then

        P(the set misses the right domain) <= e,

    over draws of the calibration rows and the message, for any model. It is at least
    e - 1 / (n + 1) where no two scores are equal. The promise is on average over messages, not for
    each domain by itself, and says nothing of messages that have no right domain.

    Attributes:
        right: the probabilities of the right domains, ascending, (rows,).
    """

    right: Floats

    @classmethod
    def fit(cls, probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> Self:
        """Keep what calibration rows tell.

        Args:
            probabilities: (rows, domains), as the router gives them to a message.
            labels: index of each row's right domain, (rows,).
        """
        rows = np.asarray(probabilities, dtype=np.float64)
        return cls.of(rows[np.arange(len(rows)), labels])

    @classmethod
    def of(cls, right: NDArray[np.floating] | list[float]) -> Self:
        """Take the probabilities of the right domains, in any order.

        Raises:
            ValueError: one is no probability.
        """
        values = np.sort(np.asarray(right, dtype=np.float64))
        if not ((values >= 0) & (values <= 1)).all():
            raise ValueError("conformal scores must be probabilities, from 0 to 1")
        return cls(values)

    def floor(self, target_error: float) -> float | None:
        """Lowest probability at which a domain belongs to the set.

        None where there are fewer rows than `rows_needed(target_error)`: no floor but 0, the set
        of everything, would keep the error then.

        Args:
            target_error: in (0, 1).

        Raises:
            ValueError: it is not.
        """
        if not 0 < target_error < 1:
            raise ValueError(f"target_error is {target_error!r}; give a share between 0 and 1.")
        # The k-th smallest 1 - p is that of the (n + 1 - k)-th smallest p, and with
        # k = ceil((n + 1)(1 - e)) that place is floor((n + 1) e).
        place = math.floor((len(self.right) + 1) * target_error + 1e-9)
        return float(self.right[place - 1]) if place else None
