"""The choice of the next token by chance, from a generator of its own.

transformers samples with torch's global generator, which threads share: a seed would not make an
answer repeatable there.
"""

from __future__ import annotations

from typing import Any

__all__ = ["Sampler"]


class Sampler:
    """Chooses a token and leaves only it; used by transformers as the last logits processor.

    Args:
        temperature: greater is more random; above 0.
        top_p: least share of probability that the likeliest tokens must have together; the rest is
            left out. None leaves none out.
        top_k: how many of the likeliest tokens are considered; None is all.
        seed: the same one gives the same answer; None takes one from the system.
    """

    def __init__(
        self,
        temperature: float,
        top_p: float | None = None,
        top_k: int | None = None,
        seed: int | None = None,
    ) -> None:
        import torch
        from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

        self._generator = torch.Generator()
        if seed is None:
            self._generator.seed()
        else:
            self._generator.manual_seed(seed)
        self._warpers: list[Any] = [TemperatureLogitsWarper(float(temperature))]
        if top_k is not None:
            self._warpers.append(TopKLogitsWarper(top_k))
        if top_p is not None and top_p < 1:
            self._warpers.append(TopPLogitsWarper(top_p))

    def __call__(self, ids: Any, scores: Any) -> Any:
        """Choose; shapes are transformers', (1, tokens) and (1, vocabulary)."""
        import torch

        scores = scores.float()
        for warper in self._warpers:
            scores = warper(ids, scores)
        weights = torch.softmax(scores, dim=-1).cpu()
        chosen = torch.multinomial(weights, 1, generator=self._generator)
        only = torch.full_like(scores, float("-inf"))
        return only.scatter(-1, chosen.to(only.device), 0.0)
