"""What a network reads in one pass over the rows."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mdsa.training.router_model import encode_texts
from mdsa.training.router_rows import RouterRows
from mdsa.training.typing_noise import add_noise

__all__ = ["OUTSIDE", "UNLABELLED", "Batch", "epoch_batches"]

OUTSIDE = -1
"""Label of an out-of-scope row."""
UNLABELLED = -2
"""Label of a variation, whose meaning only the teacher can tell."""

_CHUNK = 32
"""Batches that are sorted by length together: little padding, and an order that stays random."""


@dataclass(frozen=True)
class Batch:
    """Rows that are read at once.

    Attributes:
        ids: token ids.
        labels: index of each one's label, or `OUTSIDE` or `UNLABELLED`.
        rows: where each stands among the training rows, followed by all variations; what that says
            is meaningless for `OUTSIDE`.
    """

    ids: list[list[int]]
    labels: NDArray[np.int64]
    rows: NDArray[np.int64]


def epoch_batches(
    rows: RouterRows,
    tokenizer_json: str,
    *,
    batch_size: int,
    max_tokens: int,
    noisy_share: float,
    outside_share: float,
    seed: str,
    variations: Sequence[Sequence[str]] = (),
    varied_share: float = 0.0,
) -> list[Batch]:
    """Draw the batches of one epoch; equal seeds give equal batches.

    Args:
        rows: their training part is read once, its out-of-scope texts again and again.
        tokenizer_json: the network's tokenizer.
        batch_size: rows a batch.
        max_tokens: longer texts are cut.
        noisy_share: of the texts that get typing errors.
        outside_share: out-of-scope rows for each row, where there are any.
        seed: of this epoch.
        variations: lists of as many texts as there are training rows, each for its row.
        varied_share: of the rows that are read in a variation, where there are any.
    """
    rng = random.Random(seed)
    texts, labels = list(rows.train.texts), rows.train.labels.tolist()
    index = list(range(len(texts)))
    if variations:
        for at in range(len(texts)):
            if rng.random() < varied_share:
                copy = rng.randrange(len(variations))
                texts[at] = variations[copy][at]
                labels[at] = UNLABELLED
                index[at] += (copy + 1) * len(rows.train)
    if rows.outside_train:
        count = round(outside_share * len(rows.train))
        texts += [rng.choice(rows.outside_train) for _ in range(count)]
        labels += [OUTSIDE] * count
        index += [0] * count
    read = [add_noise(text, rng) if rng.random() < noisy_share else text for text in texts]
    ids = encode_texts(tokenizer_json, read, max_tokens)
    order = list(range(len(ids)))
    rng.shuffle(order)
    batches = [
        chosen
        for start in range(0, len(order), batch_size * _CHUNK)
        for chosen in _by_length(order[start : start + batch_size * _CHUNK], ids, batch_size)
    ]
    rng.shuffle(batches)
    return [
        Batch(
            [ids[at] for at in chosen],
            np.array([labels[at] for at in chosen], dtype=np.int64),
            np.array([index[at] for at in chosen], dtype=np.int64),
        )
        for chosen in batches
    ]


def _by_length(chunk: list[int], ids: Sequence[Sequence[int]], size: int) -> list[list[int]]:
    ordered = sorted(chunk, key=lambda at: len(ids[at]))
    return [ordered[at : at + size] for at in range(0, len(ordered), size)]
