"""Pairs of labels or domains that rows hardly tell apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mdsa.router.calibration import Floats
from mdsa.training.data_report import ConfusedPair
from mdsa.training.rows import LabelledText

__all__ = ["confused_pairs"]

_OFTEN = 0.08
"""Mean share of rows on the wrong side, from which a pair is confused."""

_SAME = 0.3
"""From here nothing tells the two apart; halves of one label come out near 0.5."""

_FEWEST_ROWS = 3
"""Rows on the wrong side, on both sides together, that a pair needs."""

_MOST_EXAMPLES = 6


def confused_pairs(
    rows: Sequence[LabelledText],
    names: Sequence[str],
    labels: NDArray[np.int64],
    vectors: NDArray[np.float32],
    probabilities: Floats,
    level: str = "label",
) -> list[ConfusedPair]:
    """Find the pairs whose rows look more like the other of the two.

    Probabilities are divided by the labels' shares of the rows first, so that a small label is
    not taken for a large one because it is small.

    Args:
        rows: the rows.
        names: the labels' names, in the order of the columns.
        labels: index of each row's label, (rows,).
        vectors: embeddings, (rows, dimension).
        probabilities: cross-validated, (rows, labels).
        level: "label" or "domain", whichever `names` are.

    Returns:
        The pairs, those with the most error first.
    """
    counts = np.bincount(labels, minlength=len(names))
    fair = probabilities / counts
    own = fair[np.arange(len(rows)), labels]
    wrong = np.zeros((len(names), len(names)), np.int64)
    np.add.at(wrong, labels, fair > own[:, None])
    share = wrong / counts[:, None]
    error = (share + share.T) / 2
    several = np.minimum.outer(counts, counts) > 1
    found = np.triu((error >= _OFTEN) & (wrong + wrong.T >= _FEWEST_ROWS) & several, 1)
    pairs = [
        ConfusedPair(
            level=level,
            first=names[first],
            second=names[second],
            first_as_second=int(wrong[first, second]),
            second_as_first=int(wrong[second, first]),
            error=float(error[first, second]),
            distance=_distance(vectors[labels == first], vectors[labels == second]),
            identical=bool(error[first, second] >= _SAME),
            examples=_examples(rows, labels, fair, first, second),
        )
        for first, second in np.argwhere(found)
    ]
    return sorted(pairs, key=lambda pair: -pair.error)


def _distance(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Distance of the centres over the rows' spread; 0 where chance alone would set them apart."""
    spread = [float(side.var(axis=0).sum()) for side in (first, second)]
    gap = float(((first.mean(axis=0) - second.mean(axis=0)) ** 2).sum())
    # Centres of samples differ even where those of the labels do not.
    chance = sum(own / (len(side) - 1) for own, side in zip(spread, (first, second), strict=True))
    return float(np.sqrt(max(gap - chance, 0.0) / max(sum(spread) / 2, 1e-12)))


def _examples(
    rows: Sequence[LabelledText],
    labels: NDArray[np.int64],
    fair: Floats,
    first: int,
    second: int,
) -> tuple[LabelledText, ...]:
    """Rows that look most like the other label, from both sides in turn."""
    sides = []
    for own, other in ((first, second), (second, first)):
        members = np.flatnonzero(labels == own)
        excess = np.log(fair[members, other]) - np.log(fair[members, own])
        farthest = members[np.argsort(-excess, kind="stable")]
        sides.append([int(row) for row in farthest[: int((excess > 0).sum())]])
    turns = [row for pair in zip(*sides, strict=False) for row in pair]
    shorter = min(len(side) for side in sides)
    turns += sides[0][shorter:] + sides[1][shorter:]
    return tuple(rows[row] for row in turns[:_MOST_EXAMPLES])
