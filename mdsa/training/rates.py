"""How learning rates change over a run."""

from __future__ import annotations

__all__ = ["linear_rate"]


def linear_rate(share: float, warm_up: float) -> float:
    """Rises to 1 over the warm-up, then falls to 0, both linearly.

    Args:
        share: of the run that is done, in [0, 1].
        warm_up: share in which it rises.
    """
    if share < warm_up:
        return share / warm_up
    return (1 - share) / (1 - warm_up) if warm_up < 1 else 1.0
