"""Distils a sentence encoder: the student learns to put every text where its teacher puts it.

Losses, all against the teacher's output on the same text (Jiao et al., arXiv:1909.10351, distil
hidden states layer by layer; here the student starts as a pruned copy, and the last layer alone
carries the signal):

- every token's last hidden state, mapped linearly to the teacher's width: mean squared error,
- the sentence's mean of them: cosine, and the cosines between all sentences of the batch,
- BERT's own pooler over [CLS], so that classifiers that Hugging Face loads start well.

A part of the batch is read by the student with typing errors and by the teacher without.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity, mse_loss, normalize
from transformers import BertModel

from mdsa.training.typing_noise import add_noise

__all__ = ["DistillationSettings", "Student", "distil", "make_optimizer", "mean_pool", "tokenise"]


@dataclass(frozen=True)
class DistillationSettings:
    """How long and how fast; the defaults made the shipped encoder.

    Attributes:
        steps: batches in all; the learning rate falls to zero over them.
        batch_size: texts a batch, before the noisy copies.
        noisy_share: of a batch that is read again with typing errors.
    """

    steps: int = 2000
    batch_size: int = 192
    learning_rate: float = 7e-4
    warm_up: float = 0.03
    max_tokens: int = 48
    noisy_share: float = 0.25
    token_weight: float = 1.0
    pairs_weight: float = 10.0
    pooler_weight: float = 0.3
    seed: int = 0


class Student(nn.Module):
    """The encoder, with the linear map from its width to its teacher's."""

    def __init__(self, bert: BertModel, teacher_width: int) -> None:
        super().__init__()
        self.bert = bert
        width = int(bert.config.hidden_size)
        self.projection = nn.Linear(width, teacher_width)
        # Only for training: what the pooler knows of a sentence must be readable from it.
        self.pooler_projection = nn.Linear(width, teacher_width)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Give tokens (texts, tokens, width'), sentences and pooler sentences (texts, width')."""
        output = self.bert(input_ids, attention_mask)
        tokens = self.projection(output.last_hidden_state)
        return (
            tokens,
            mean_pool(tokens, attention_mask),
            self.pooler_projection(output.pooler_output),
        )


def mean_pool(tokens: Tensor, attention_mask: Tensor) -> Tensor:
    """Average the vectors of real tokens: (texts, tokens, width) to (texts, width)."""
    weights = attention_mask[..., None].to(tokens.dtype)
    return (tokens * weights).sum(dim=1) / weights.sum(dim=1)


def tokenise(tokenizer: Tokenizer, texts: list[str]) -> tuple[Tensor, Tensor]:
    """Token ids and mask, padded to the longest text."""
    encoded = tokenizer.encode_batch(texts)
    ids = torch.tensor([entry.ids for entry in encoded])
    return ids, torch.tensor([entry.attention_mask for entry in encoded])


def distil(
    student: Student,
    teacher: BertModel,
    tokenizer: Tokenizer,
    batches: Iterator[list[str]],
    settings: DistillationSettings,
    *,
    start: int = 0,
    optimizer: torch.optim.Optimizer | None = None,
    after_step: Callable[[int, dict[str, float]], None] = lambda _step, _losses: None,
) -> None:
    """Train the student in place.

    Args:
        student: what is trained.
        teacher: BERT in evaluation mode, in bfloat16 for speed; never changed.
        tokenizer: truncates and pads.
        batches: lists of texts of about equal length, as many as there are steps to do.
        settings: how long and how fast.
        start: steps that were done before.
        optimizer: as `make_optimizer` makes it, with its state if `start` is not 0.
        after_step: told each step's number and losses.
    """
    optimizer = optimizer or make_optimizer(student, settings)
    noise = random.Random(settings.seed + start)
    student.train()
    for step in range(start, settings.steps):
        texts = next(batches)
        for group in optimizer.param_groups:
            group["lr"] = group["scale"] * learning_rate(step, settings)
        losses = _losses(student, teacher, tokenizer, texts, settings, noise)
        total = torch.stack(list(losses.values())).sum()
        optimizer.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]  # torch declares it without types
        nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimizer.step()
        after_step(step + 1, {name: value.item() for name, value in losses.items()})


def make_optimizer(student: Student, settings: DistillationSettings) -> torch.optim.AdamW:
    """AdamW without decay; the tables learn at the same rate as the layers."""
    groups = [{"params": list(student.parameters()), "scale": 1.0}]
    return torch.optim.AdamW(groups, lr=settings.learning_rate, weight_decay=0.0, fused=True)


def learning_rate(step: int, settings: DistillationSettings) -> float:
    """Linear warm-up, then half a cosine down to zero."""
    warm = max(1, round(settings.warm_up * settings.steps))
    if step < warm:
        return settings.learning_rate * (step + 1) / warm
    share = (step - warm) / max(1, settings.steps - warm)
    return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * share))


def _losses(
    student: Student,
    teacher: BertModel,
    tokenizer: Tokenizer,
    texts: list[str],
    settings: DistillationSettings,
    noise: random.Random,
) -> dict[str, Tensor]:
    ids, mask = tokenise(tokenizer, texts)
    with torch.no_grad():
        target_tokens = teacher(ids, mask).last_hidden_state.float()
    target = normalize(mean_pool(target_tokens, mask), dim=-1)
    with torch.autocast("cpu", torch.bfloat16):
        tokens, sentences, pooled = student(ids, mask)
    tokens, sentences, pooled = tokens.float(), sentences.float(), pooled.float()
    real = mask.bool()
    scale = target_tokens[real].var(dim=0).mean().detach()
    losses = {
        "tokens": settings.token_weight * mse_loss(tokens[real], target_tokens[real]) / scale,
        "pooler": settings.pooler_weight * (1 - cosine_similarity(pooled, target)).mean(),
    }
    count = round(settings.noisy_share * len(texts))
    if count:
        noisy = [add_noise(text, noise) for text in texts[:count]]
        with torch.autocast("cpu", torch.bfloat16):
            noisy_ids, noisy_mask = tokenise(tokenizer, noisy)
            _, noisy_sentences, _ = student(noisy_ids, noisy_mask)
        sentences = torch.cat([sentences, noisy_sentences.float()])
        target = torch.cat([target, target[:count]])
    unit = normalize(sentences, dim=-1)
    losses["cosine"] = 2 * (1 - (unit * target).sum(dim=-1)).mean()
    losses["pairs"] = settings.pairs_weight * mse_loss(unit @ unit.T, target @ target.T)
    return losses
