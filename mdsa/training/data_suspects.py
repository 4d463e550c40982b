"""Rows whose label is likely wrong."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mdsa.router.calibration import Floats
from mdsa.training.data_report import Suspect
from mdsa.training.rows import LabelledText

__all__ = ["find_suspects"]


def find_suspects(
    rows: Sequence[LabelledText],
    names: Sequence[str],
    labels: NDArray[np.int64],
    vectors: NDArray[np.float32],
    probabilities: Floats,
) -> list[Suspect]:
    """Find rows that look like another label, as sure as that label's own rows do.

    Confident learning (Northcutt, Jiang and Chuang 2021, arXiv:1911.00068): a row counts as one of
    another label where its probability there reaches the mean that the label's own rows have, and
    its own label's does not reach half of that label's mean. `cleanlab` offers the same with many
    more methods; this one is ten lines over probabilities that are there anyway.

    Args:
        rows: the rows.
        names: the labels' names, in the order of the columns.
        labels: index of each row's label, (rows,).
        vectors: embeddings of length 1, (rows, dimension).
        probabilities: cross-validated, (rows, labels).

    Returns:
        The suspects, the largest gap between guess and given label first.
    """
    given = probabilities[np.arange(len(rows)), labels]
    counts = np.bincount(labels, minlength=len(names))
    usual = np.bincount(labels, given, minlength=len(names)) / counts
    guess = probabilities.argmax(axis=1)
    best = probabilities[np.arange(len(rows)), guess]
    # A label with a single row cannot be judged: without that row, nothing is known of it.
    suspect = (guess != labels) & (best >= usual[guess]) & (counts[labels] > 1)
    suspect &= given < usual[labels] / 2
    found = np.flatnonzero(suspect)
    found = found[np.argsort(given[found] - best[found], kind="stable")]
    return [
        Suspect(
            row=rows[row],
            guess=names[guess[row]],
            given_probability=float(given[row]),
            guess_probability=float(best[row]),
            like=_nearest(rows, vectors, row, labels == guess[row]),
        )
        for row in found.tolist()
    ]


def _nearest(
    rows: Sequence[LabelledText],
    vectors: NDArray[np.float32],
    row: int,
    among: NDArray[np.bool_],
) -> LabelledText:
    members = np.flatnonzero(among)
    return rows[int(members[np.argmax(vectors[members] @ vectors[row])])]
