"""Which unlabelled texts are most worth labelling."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mdsa.router.calibration import Floats
from mdsa.training.data_report import WorthLabelling
from mdsa.training.data_words import normalised

__all__ = ["select_texts"]

_STRANGE = 0.02
"""Share of the labelled rows that would count as strangers to the rest."""

_BLOCK = 2048


def select_texts(
    texts: Sequence[str],
    vectors: NDArray[np.float32],
    probabilities: Floats,
    names: Sequence[str],
    known_texts: Sequence[str],
    known_vectors: NDArray[np.float32],
    count: int,
) -> list[WorthLabelling]:
    """Choose texts about which a classifier is unsure and that are unlike each other.

    Margin sampling (Scheffer et al. 2001) weighted with the distance to what is labelled or chosen
    already, farthest first (as k-means++ does by chance; Arthur and Vassilvitskii 2007). Copies of
    labelled rows are left out, and so are texts that lie farther from every labelled row than
    nearly all of those do from each other: they likely belong to no label.

    Args:
        texts: the unlabelled texts.
        vectors: their embeddings of length 1, (texts, dimension).
        probabilities: of every label, (texts, labels); two labels or more.
        names: the labels' names, in the order of the columns.
        known_texts: the labelled rows' texts.
        known_vectors: their embeddings, (rows, dimension).
        count: how many to choose at most.

    Returns:
        The texts, in the order in which they were chosen.
    """
    nearest = _nearest(vectors, known_vectors, same=False)
    usual = float(np.quantile(_nearest(known_vectors, known_vectors, same=True), _STRANGE))
    open_ = nearest >= usual
    seen = {normalised(text) for text in known_texts}
    for index, text in enumerate(texts):
        form = normalised(text)
        open_[index] &= form not in seen
        seen.add(form)
    ranked = np.argsort(-probabilities, axis=1, kind="stable")[:, :2]
    best, next_ = (probabilities[np.arange(len(texts)), ranked[:, place]] for place in (0, 1))
    unsure = 1 - (best - next_)
    distance = 1 - nearest
    chosen: list[WorthLabelling] = []
    while len(chosen) < count and open_.any():
        index = int(np.argmax(np.where(open_, unsure * distance, -1)))
        open_[index] = False
        distance = np.minimum(distance, 1 - vectors @ vectors[index])
        guess, other = ranked[index]
        chosen.append(
            WorthLabelling(
                text=texts[index],
                guess=names[guess],
                other=names[other],
                guess_probability=float(best[index]),
                other_probability=float(next_[index]),
            )
        )
    return chosen


def _nearest(
    vectors: NDArray[np.float32], among: NDArray[np.float32], *, same: bool
) -> NDArray[np.float32]:
    """Cosine to the nearest of others; with `same`, to the nearest but oneself."""
    found = np.empty(len(vectors), np.float32)
    for start in range(0, len(vectors), _BLOCK):
        cosines = vectors[start : start + _BLOCK] @ among.T
        if same:
            own = np.arange(len(cosines))
            cosines[own, start + own] = -1
        found[start : start + len(cosines)] = cosines.max(axis=1)
    return found
