"""Probabilities for one message among few domains, in Python's own numbers.

The arithmetic is that of `similarities`, `zero_shot` and `few_shot`, which do it on arrays. Where
there is little of it, that is slower: every kind of call to numpy is code that the encoder has
pushed out of the processor's cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, hypot, log, sqrt
from typing import NamedTuple

from mdsa.router.features import Table
from mdsa.router.few_shot import FewShotHead
from mdsa.router.keyword_index import KeywordIndex
from mdsa.router.similarities import SHARPNESS, SMALLEST
from mdsa.router.zero_shot import Weights

__all__ = ["Columns", "few_shot", "lexical", "zero_shot"]


_MOST_TEXTS = 512
"""Of all domains; with more, arrays are faster (an estimate, as it depends on the cache)."""


class Columns(NamedTuple):
    """Where the products of a message with the vectors of a table stand.

    Attributes:
        directions: first and end of the background's directions; the domains' centres follow.
        texts: first and end of each domain's texts.
        mean_squared: of the background's mean.
        remainder: of the background.
        words: for each stem, the domains that use it and its weight for each.
    """

    directions: tuple[int, int]
    texts: list[tuple[int, int]]
    mean_squared: float
    remainder: float
    words: dict[str, list[tuple[int, float]]]

    @classmethod
    def of(cls, table: Table) -> Columns | None:
        """None where a table is for arrays, as its texts are too many."""
        vectors = table.vectors
        if vectors.texts is None or len(table.texts) > _MOST_TEXTS:
            return None
        starts = (vectors.starts + vectors.texts.start).tolist()
        return cls(
            (vectors.directions.start, vectors.directions.stop),
            [
                (start, start + count)
                for start, count in zip(starts, vectors.counts.tolist(), strict=True)
            ],
            vectors.mean_squared,
            vectors.background.remainder,
            table.words.entries(),
        )


def lexical(
    stems: Sequence[str], columns: Columns, keywords: KeywordIndex, weights: Weights
) -> list[float]:
    """What a message's words add to the logit of each domain.

    Args:
        stems: of the message's words.
        columns: of the table.
        keywords: of the domains.
        weights: of `words` and `keyword`.
    """
    found = [0.0] * len(columns.texts)
    for stem in stems:
        for domain, weight in columns.words.get(stem, ()):
            found[domain] += weights.words * weight
    for domain, weight in keywords.best(stems).items():
        found[domain] += weights.keyword * weight
    return found


def zero_shot(
    products: Sequence[float], columns: Columns, words: Sequence[float], weights: Weights
) -> list[float]:
    """Probabilities of the domains, and that no domain fits at the end.

    Args:
        products: of the message; see `mdsa.router.similarities.Comparison`.
        columns: of the table.
        words: what `lexical` found.
        weights: of the zero-shot model.
    """
    squared = max(1 - 2 * products[0] - columns.mean_squared, SMALLEST)
    start, end = columns.directions
    spread = products[start:end]
    variance = max(hypot(*spread) ** 2 / squared + columns.remainder, SMALLEST)
    length = sqrt(squared)
    sharpness = SHARPNESS / (length * sqrt(variance))
    count = len(columns.texts)
    centres = [product / length for product in products[end : end + count]]
    nearest = [
        _soft_maximum(products[first:last], sharpness) / SHARPNESS for first, last in columns.texts
    ]
    mean_nearest, mean_centre = sum(nearest) / count, sum(centres) / count
    deviation = sqrt(sum([(one - mean_nearest) ** 2 for one in nearest]) / count)
    logits = [
        weights.nearest * near + weights.centre * centre + word
        for near, centre, word in zip(nearest, centres, words, strict=True)
    ]
    logits.append(
        weights.constant
        + weights.log_domains * log(count)
        + weights.mean_nearest * mean_nearest
        + weights.mean_centre * mean_centre
        + weights.spread * deviation
    )
    return _softmax(logits)


def few_shot(logits: Sequence[float], cosines: Sequence[float], head: FewShotHead) -> list[float]:
    """Probabilities of the domains, and that no domain fits at the end.

    Args:
        logits: of the taught domains.
        cosines: to the centres of all domains.
        head: the rest of it.
    """
    inside = _softmax(logits)
    if not head.all_taught:
        taught = head.taught.tolist()
        cosines = [
            cosine + lift * min(max(cosine / head.usual, 0.0), 1.0)
            for cosine, lift in zip(cosines, head.lifts.tolist(), strict=True)
        ]
        shares = _softmax([cosine / head.temperature for cosine in cosines])
        of_taught = sum([shares[domain] for domain in taught])
        for domain, share in zip(taught, inside, strict=True):
            shares[domain] = share * of_taught
        inside = shares
    outside = _sigmoid(head.outside_bias - head.outside_slope * max(cosines))
    return [*(share * (1 - outside) for share in inside), outside]


def _soft_maximum(products: Sequence[float], sharpness: float) -> float:
    """Logarithm of the mean exponential of products times sharpness."""
    highest = max(products)
    total = sum([exp((product - highest) * sharpness) for product in products])
    return log(total / len(products)) + highest * sharpness


def _sigmoid(logit: float) -> float:
    return 1 / (1 + exp(-min(max(logit, -500.0), 500.0)))


def _softmax(logits: Sequence[float]) -> list[float]:
    highest = max(logits)
    exponents = [exp(logit - highest) for logit in logits]
    total = sum(exponents)
    return [exponent / total for exponent in exponents]
