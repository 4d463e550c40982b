"""Samples as batches of tokens, those of like length together."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer

from mdsa.models.smollm2.prompt import END
from mdsa.training.slm_sample import Sample

__all__ = ["Encoded", "batches", "encode"]

_POOL = 24
"""Batches that are sorted together; more would make the lengths of neighbours too alike."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """Tokens of a sample; the answer's begin at `answer`."""

    ids: tuple[int, ...]
    answer: int


def encode(samples: Sequence[Sample], tokenizer: Tokenizer, longest: int) -> list[Encoded]:
    """Tokens of every sample, those that are too long left out."""
    prompts = tokenizer.encode_batch([sample.prompt for sample in samples])
    answers = tokenizer.encode_batch([sample.answer + END for sample in samples])
    found = [
        Encoded((*prompt.ids, *answer.ids), len(prompt.ids))
        for prompt, answer in zip(prompts, answers, strict=True)
    ]
    return [each for each in found if len(each.ids) <= longest]


def batches(
    encoded: Sequence[Encoded], tokens: int, seed: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """One pass: (ids, targets), each (texts, length), of at most so many tokens.

    Args:
        encoded: the samples.
        tokens: in a batch, padding included.
        seed: of the order.
    """
    rng = random.Random(seed)
    order = rng.sample(range(len(encoded)), len(encoded))
    made: list[list[int]] = []
    size = max(1, _POOL * tokens // 300)
    for start in range(0, len(order), size):
        pool = sorted(order[start : start + size], key=lambda place: len(encoded[place].ids))
        batch: list[int] = []
        groups = []
        for place in pool:
            if batch and (len(batch) + 1) * len(encoded[place].ids) > tokens:
                groups.append(batch)
                batch = []
            batch.append(place)
        groups.append(batch)
        rng.shuffle(groups)
        made += groups
    for group in made:
        length = max(len(encoded[place].ids) for place in group)
        ids = torch.zeros(len(group), length, dtype=torch.long)
        targets = torch.full((len(group), length), -100)
        for row, place in enumerate(group):
            one = encoded[place]
            own = torch.tensor(one.ids)
            ids[row, : len(own)] = own
            targets[row, one.answer - 1 : len(own) - 1] = own[one.answer :]
        yield ids, targets
