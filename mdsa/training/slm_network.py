"""Low-rank adapters on a frozen Llama network (Hu et al., arXiv:2106.09685), fast on a CPU.

Attention is computed with plain products in bfloat16: torch's own backward pass for CPUs took half
of the time of a step.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from mdsa.training.low_rank import LowRankLinear
from mdsa.training.slm_weights import LORA_MODULES

__all__ = ["AdaptedNetwork"]

_ATTENTION = "mdsa_plain"


class AdaptedNetwork:
    """A `LlamaForCausalLM` with adapters on every linear map of its layers.

    Args:
        network: bfloat16; it is changed in place and frozen.
        rank: of the adapters.
        alpha: the addition is scaled by alpha / rank.
    """

    def __init__(self, network: Any, rank: int, alpha: float) -> None:
        from transformers import AttentionInterface

        attention: Any = _attention  # whether a plain function is taken depends on the stubs
        AttentionInterface.register(_ATTENTION, attention)
        network.config._attn_implementation = _ATTENTION
        for parameter in network.parameters():
            parameter.requires_grad_(False)
        self._body, self._head = network.model, network.lm_head
        self._adapted: dict[str, LowRankLinear] = {}
        for number, layer in enumerate(network.model.layers):
            for gguf, path in LORA_MODULES.items():
                owner = layer.get_submodule(path.split(".")[0])
                made = LowRankLinear(getattr(owner, path.split(".")[1]), rank, alpha / rank)
                setattr(owner, path.split(".")[1], made)
                self._adapted[f"blk.{number}.{gguf}"] = made

    @property
    def parameters(self) -> list[nn.Parameter]:
        """What is trained."""
        return [weight for each in self._adapted.values() for weight in (each.a, each.b)]

    def loss(self, ids: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, int]:
        """Summed cross-entropy over the answers, and how many tokens they have.

        Args:
            ids: tokens, (texts, length), padded at the end.
            targets: the next token where it belongs to an answer, -100 elsewhere; same shape.
        """
        embedded = self._body.embed_tokens(ids).requires_grad_(True)
        hidden = self._body(inputs_embeds=embedded, attention_mask=None).last_hidden_state
        # The vocabulary is a fifth of the network: scores are computed for answers alone.
        chosen = targets != -100
        scores = self._head(hidden[chosen]).float()
        return functional.cross_entropy(scores, targets[chosen], reduction="sum"), int(chosen.sum())

    def state(self) -> dict[str, torch.Tensor]:
        """The adapters by their names in GGUF, `blk.0.attn_q.a` and so on."""
        return {
            f"{name}.{part}": getattr(each, part).detach().clone()
            for name, each in self._adapted.items()
            for part in ("a", "b")
        }

    def load(self, state: Mapping[str, torch.Tensor]) -> None:
        """Go on with adapters of `state`."""
        with torch.no_grad():
            for name, each in self._adapted.items():
                each.a.copy_(state[f"{name}.a"])
                each.b.copy_(state[f"{name}.b"])


class _PlainAttention(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        mask: torch.Tensor,
        scale: float,
    ) -> torch.Tensor:
        scores = torch.baddbmm(mask, query, key.transpose(1, 2), alpha=scale)
        shares = torch.softmax(scores, -1)
        ctx.save_for_backward(query, key, value, shares)
        ctx.scale = scale
        return torch.bmm(shares, value)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        (grad,) = gradients
        query, key, value, shares = ctx.saved_tensors
        of_value = torch.bmm(shares.transpose(1, 2), grad)
        of_shares = torch.bmm(grad, value.transpose(1, 2))
        of_scores = torch._softmax_backward_data(of_shares, shares, -1, shares.dtype)
        of_query = torch.bmm(of_scores, key).mul_(ctx.scale)
        of_key = torch.bmm(of_scores.transpose(1, 2), query).mul_(ctx.scale)
        return of_query, of_key, of_value, None, None


def _attention(
    _module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    _attention_mask: torch.Tensor | None,
    scaling: float = 1.0,
    **_kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Causal attention; texts are padded at the end, so that no mask of padding is needed."""
    batch, heads, length, size = query.shape
    repeats = heads // key.shape[1]
    mask = torch.full((length, length), float("-inf"), dtype=query.dtype).triu(1)
    made = _PlainAttention.apply(  # type: ignore[no-untyped-call]  # torch leaves it untyped
        query.reshape(batch * heads, length, size),
        key.repeat_interleave(repeats, 1).reshape(batch * heads, length, size),
        value.repeat_interleave(repeats, 1).reshape(batch * heads, length, size),
        mask,
        scaling,
    )
    return made.view(batch, heads, length, size).transpose(1, 2).contiguous(), None
