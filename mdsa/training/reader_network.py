"""MiniLM with a low-rank adapter, as it reads questions and sentences while it is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn.functional import normalize
from transformers import BertConfig, BertModel

from mdsa.embeddings.packaged import PackagedModel
from mdsa.training.low_rank import LowRankLinear
from mdsa.training.router_model import autocast, padded

__all__ = ["AdaptedEncoder", "Encoded"]

_BUCKET = 24
"""Texts that are padded to the same length: lists are five times as long as sentences."""


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """Texts as vectors of length 1.

    Attributes:
        whole: (texts, width).
        tokens: (texts, tokens, width), without meaning where `mask` is 0.
        mask: (texts, tokens), 0 for padding and special tokens.
    """

    whole: Tensor
    tokens: Tensor
    mask: Tensor


class AdaptedEncoder:
    """The encoder, frozen but for its adapter.

    Args:
        model: the packaged MiniLM.
        rank: of the adapter.
        longest: tokens at which texts are cut.
    """

    def __init__(self, model: PackagedModel, rank: int, longest: int) -> None:
        self._tokenizer = Tokenizer.from_str(model.tokenizer_json)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(longest)
        # sdpa is slower than eager for short texts on a CPU.
        config = {**model.config, "attn_implementation": "eager"}
        config |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
        self._bert = BertModel(BertConfig(**config), add_pooling_layer=False)
        weights = {name: torch.from_numpy(array) for name, array in model.weights().items()}
        self._bert.load_state_dict(weights, strict=False)
        self._bert.requires_grad_(False)
        self._adapted: dict[str, LowRankLinear] = {}
        for name, module in list(self._bert.named_modules()):
            if isinstance(module, nn.Linear):
                owner, _, attribute = name.rpartition(".")
                made = LowRankLinear(module, rank)
                setattr(self._bert.get_submodule(owner), attribute, made)
                self._adapted[name] = made

    @property
    def parameters(self) -> list[nn.Parameter]:
        """What is trained."""
        return [weight for each in self._adapted.values() for weight in (each.a, each.b)]

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Read texts, those of about the same length together."""
        ids = [each.ids for each in self._tokenizer.encode_batch_fast(list(texts))]
        order = sorted(range(len(ids)), key=lambda at: len(ids[at]))
        longest = max(map(len, ids))
        parts = [
            self._read([ids[at] for at in order[start : start + _BUCKET]], longest)
            for start in range(0, len(order), _BUCKET)
        ]
        back = torch.tensor(order).argsort()
        whole, tokens, mask = (torch.cat(each)[back] for each in zip(*parts, strict=True))
        return Encoded(whole, tokens, mask)

    def _read(self, ids: Sequence[Sequence[int]], longest: int) -> tuple[Tensor, Tensor, Tensor]:
        inputs, mask = padded(ids, torch.device("cpu"))
        with autocast(torch.device("cpu")):
            hidden = self._bert(inputs, mask).last_hidden_state.float()
        weights = mask[..., None].float()
        whole = normalize((hidden * weights).sum(1) / weights.sum(1), dim=-1)
        ordinary = mask.clone()
        ordinary[:, 0] = 0  # [CLS]
        ordinary[torch.arange(len(ids)), mask.sum(1) - 1] = 0  # [SEP]
        room = longest - inputs.shape[1]
        tokens = nn.functional.pad(normalize(hidden, dim=-1), (0, 0, 0, room))
        return whole, tokens, nn.functional.pad(ordinary, (0, room))

    def state(self) -> dict[str, Tensor]:
        """The adapter: `NAME.a` and `NAME.b` of each linear map."""
        return {
            f"{name}.{part}": getattr(each, part).detach().clone()
            for name, each in self._adapted.items()
            for part in ("a", "b")
        }

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on with the adapter of `state`."""
        with torch.no_grad():
            for name, each in self._adapted.items():
                each.a.copy_(state[f"{name}.a"])
                each.b.copy_(state[f"{name}.b"])
