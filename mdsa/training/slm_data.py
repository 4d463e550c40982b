"""All samples that the adapter is trained on, by one seed."""

from __future__ import annotations

import random
from pathlib import Path

from mdsa.models.smollm2.evidence import EvidenceFinder
from mdsa.training.slm_calls import call_samples
from mdsa.training.slm_grounded import fact_samples, passage_samples, result_samples
from mdsa.training.slm_sample import Sample
from mdsa.training.slm_splits import merge_samples, split_samples

__all__ = ["make_samples"]

_FACTS = 700
_RESULTS = 120
_MADE_CALLS = 700
_SPLITS = 700
_MERGES = 100


def make_samples(data_dir: Path, seed: int = 0, share: float = 1.0) -> list[Sample]:
    """Make the samples, in a drawn order.

    Args:
        data_dir: holds `rag`, `tools`, `dialogue` and `intent`.
        seed: of every draw.
        share: of the made-up samples; the public sets come whole.

    Raises:
        InvalidInputError: a data set is missing or not as published.
    """
    rng = random.Random(seed)
    finder = EvidenceFinder()
    samples = [
        *passage_samples(data_dir, rng, finder),
        *fact_samples(round(share * _FACTS), rng, finder),
        *result_samples(round(share * _RESULTS), rng),
        *call_samples(data_dir, round(share * _MADE_CALLS), rng),
        *split_samples(data_dir, round(share * _SPLITS), rng),
        *merge_samples(round(share * _MERGES), rng),
    ]
    rng.shuffle(samples)
    return samples
