"""What is left of the peak where far more is asked than can be answered."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from mdsa.errors import MdsaError
from mdsa.evals.load_figures import Phase

__all__ = ["Goodput", "goodput_of"]


@dataclass(frozen=True, slots=True)
class Goodput:
    """Answers under overload as a share of the peak, over rounds that measured both.

    Attributes:
        shares: of each round: its answers under overload by its answers at the peak.
        low: lower end of the mean's 95 % interval (Student's t); None of a single round.
        high: upper end, likewise.
        times_peak: how many times the peak was offered, on average.
        refused: requests refused under overload, of all rounds.
    """

    app: str
    shares: tuple[float, ...]
    mean: float
    low: float | None
    high: float | None
    times_peak: float
    refused: int
    refused_without_retry_after: int


def goodput_of(rounds: Sequence[tuple[Phase, Phase]]) -> Goodput:
    """Compare the phases of each round with one another, so that what drifts falls out.

    Args:
        rounds: at the peak, and under overload, of each round; one at least.

    Raises:
        MdsaError: nothing was answered where the peak was to be.
    """
    if not all(peak.throughput for peak, _ in rounds):
        raise MdsaError(
            f"{rounds[0][0].app} answered nothing within {rounds[0][0].seconds:g} s at its peak; "
            "measure longer (--seconds), on a machine that does nothing else."
        )
    shares = tuple(over.throughput / peak.throughput for peak, over in rounds)
    mean = fmean(shares)
    half = _half_width(shares)
    return Goodput(
        app=rounds[0][0].app,
        shares=shares,
        mean=mean,
        low=None if half is None else mean - half,
        high=None if half is None else mean + half,
        times_peak=fmean(over.offered / peak.throughput for peak, over in rounds),
        refused=sum(over.refused for _, over in rounds),
        refused_without_retry_after=sum(over.refused_without_retry_after for _, over in rounds),
    )


def _half_width(values: Sequence[float]) -> float | None:
    if len(values) < 2:
        return None
    from scipy.stats import t  # it loads slowly, and a single round does without

    return float(t.ppf(0.975, len(values) - 1)) * stdev(values) / math.sqrt(len(values))
