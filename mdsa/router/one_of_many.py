"""Zero-shot probabilities for a message among very many domains, in as few calls as may be.

The arithmetic is that of `similarities` and `zero_shot`, for one message. Right after the encoder,
a call of numpy takes the longer the rarer it is, and longer than its arithmetic.
"""

from __future__ import annotations

from math import hypot, log, sqrt

import numpy as np

from mdsa.router.calibration import Floats
from mdsa.router.features import FEATURES, Matrix
from mdsa.router.similarities import LEAST_SUM, SHARPNESS, SHORTLIST, DomainVectors
from mdsa.router.vectors import product_by_vector
from mdsa.router.zero_shot import Weights

__all__ = ["zero_shot"]

_NEAREST, _CENTRE = FEATURES.index("nearest"), FEATURES.index("centre")


def zero_shot(
    vector: Matrix, products: Matrix, measured: Matrix, vectors: DomainVectors, weights: Weights
) -> Floats:
    """Probabilities of the domains, and that no domain fits at the end.

    Args:
        vector: unit embedding of the message, (dimensions,).
        products: of the message; see `mdsa.router.similarities.Comparison`.
        measured: what `word_features` found of it, (domains, features), to which the rest is
            written.
        vectors: of the domains, so many that their texts are not all compared.
        weights: of the zero-shot model.
    """
    columns = measured.T
    nearest, centre = columns[_NEAREST], columns[_CENTRE]
    count = len(centre)
    spread = products[vectors.directions].tolist()
    to_cosine, to_similarity = vectors.scales(float(products[0]), hypot(*spread) ** 2)
    np.multiply(products[vectors.centres], np.float32(to_cosine), out=centre)
    promise = columns.sum(axis=0)
    chosen = promise.argpartition(-SHORTLIST)[-SHORTLIST:]
    near = _nearest(vector, chosen.tolist(), vectors, to_similarity)
    # For the others it is guessed from their centre.
    lifts = [one - other for one, other in zip(near, centre[chosen].tolist(), strict=True)]
    np.add(centre, np.float32(sum(lifts) / len(lifts)), out=nearest)
    nearest[chosen] = near

    logits = np.array(weights[: len(FEATURES)], np.float32) @ columns
    mean_nearest, mean_centre = float(nearest.sum()) / count, float(centre.sum()) / count
    nearest -= np.float32(mean_nearest)
    outside = (
        weights.constant
        + weights.log_domains * log(count)
        + weights.mean_nearest * mean_nearest
        + weights.mean_centre * mean_centre
        + weights.spread * sqrt(float(nearest @ nearest) / count)
    )
    exponents = np.empty(count + 1)
    exponents[:-1] = logits
    exponents[-1] = outside
    exponents -= max(float(logits.max()), outside)
    np.exp(exponents, out=exponents)
    exponents *= 1 / float(exponents.sum())
    return exponents


def _nearest(
    vector: Matrix, domains: list[int], vectors: DomainVectors, to_similarity: float
) -> list[float]:
    bounds = [vectors.bounds[domain] for domain in domains]
    texts = np.concatenate([vectors.weighed[start:end] for start, end in bounds])
    exponents = product_by_vector(texts, vector - vectors.background.mean)
    highest = float(exponents.max())
    exponents -= np.float32(highest)
    exponents *= np.float32(SHARPNESS * to_similarity)
    exponentials = np.exp(exponents, out=exponents).tolist()
    nearest, first = [], 0
    for start, end in bounds:
        last = first + end - start
        mean = max(sum(exponentials[first:last]), LEAST_SUM) / (end - start)
        nearest.append(log(mean) / SHARPNESS + highest * to_similarity)
        first = last
    return nearest
