"""Batches of texts of about equal length, drawn anew in every pass over the corpus."""

from __future__ import annotations

import random
from collections.abc import Iterator

from mdsa.training.corpus import random_spans

__all__ = ["text_batches"]

_SPANS_SHARE = 0.25
"""Phrases a pass, of the number of texts."""
_CHUNK = 64
"""Batches that are sorted by length together."""


def text_batches(
    texts: list[str], words: list[str], batch_size: int, seed: int
) -> Iterator[list[str]]:
    """Yield batches without end.

    Every pass holds each text and each word once and fresh random phrases; sorting within a chunk
    keeps padding small and the order random.

    Args:
        texts: sentences.
        words: single words, so that the names of things nobody wrote about here are known too.
        batch_size: texts a batch.
        seed: equal seeds give equal batches.
    """
    rng = random.Random(seed)
    while True:
        pool = [*texts, *words, *random_spans(texts, round(_SPANS_SHARE * len(texts)), rng)]
        rng.shuffle(pool)
        size = batch_size * _CHUNK
        for start in range(0, len(pool), size):
            chunk = sorted(pool[start : start + size], key=len)
            batches = [chunk[at : at + batch_size] for at in range(0, len(chunk), batch_size)]
            rng.shuffle(batches)
            yield from (batch for batch in batches if len(batch) == batch_size)
