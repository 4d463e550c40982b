"""From features of messages and domains to calibrated probabilities, out of scope among them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Weights", "probabilities"]


class Weights(NamedTuple):
    """Weights of a multinomial logistic model; an out-of-scope message has the logit 0.

    Fitted by `python -m mdsa.evals.router_calibration`, on training data only.
    """

    nearest: float = 12.37
    mean: float = 1.97
    keywords: float = 0.95
    bias: float = -4.0


def probabilities(features: NDArray[np.floating], weights: Weights) -> NDArray[np.float64]:
    """Turn features (texts, domains, columns) into probabilities (texts, domains + 1).

    The last column is the probability that no domain fits.
    """
    logits = features.astype(np.float64) @ np.array(weights[:3]) + weights.bias
    logits = np.concatenate([logits, np.zeros((len(logits), 1))], axis=1)
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: NDArray[np.float64] = exponents / exponents.sum(axis=1, keepdims=True)
    return result
