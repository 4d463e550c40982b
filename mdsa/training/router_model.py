"""The networks that a router is made of and learns from."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import BertConfig, BertModel

from mdsa.embeddings.packaged import packaged_minilm
from mdsa.errors import ModelUnavailableError
from mdsa.router.encoder import MANIFEST, PACKAGED_FOLDER, TOKENIZER

__all__ = [
    "Classifier",
    "autocast",
    "embed",
    "encode_texts",
    "load_start",
    "load_teacher",
    "padded",
    "predict",
]

Pooling = Literal["mean", "pooler"]

_DROPOUT = 0.1
_PREDICTED_AT_ONCE = 128


class TextDropout(nn.Module):
    """Drops the same dimensions of all tokens of a text (Gal and Ghahramani, arXiv:1512.05287).

    Drawing a number for every value takes a fifth of a training step on a CPU; drawing one for
    every text and dimension takes next to nothing.

    Args:
        p: share of the dimensions; transformers reads it under this name.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, tokens: Tensor) -> Tensor:
        """Drop from (texts, tokens, width) or (texts, width)."""
        if not self.training or not self.p:
            return tokens
        shape = (tokens.shape[0], *(1 for _ in tokens.shape[1:-1]), tokens.shape[-1])
        kept = torch.empty(shape, dtype=tokens.dtype, device=tokens.device)
        return tokens * kept.bernoulli_(1 - self.p).div_(1 - self.p)


class Classifier(nn.Module):
    """BERT with a linear layer on top.

    With the pooling `pooler` its parameters and answers are those of transformers'
    `BertForSequenceClassification`. The models that teach pool by the mean, as they were trained.

    Args:
        bert: the encoder; with a pooler where that is the pooling.
        labels: how many logits.
        pooling: how tokens become one vector.
    """

    def __init__(self, bert: BertModel, labels: int, pooling: Pooling) -> None:
        super().__init__()
        self.bert = bert
        self.classifier = nn.Linear(int(bert.config.hidden_size), labels)
        self.pooling: Pooling = pooling
        self.dropout = TextDropout(_DROPOUT)
        for module in list(bert.modules()):
            for name, child in module.named_children():
                if isinstance(child, nn.Dropout):
                    setattr(module, name, TextDropout(child.p))
        nn.init.normal_(self.classifier.weight, std=0.02)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Give logits (texts, labels) of token ids and mask (texts, tokens)."""
        logits: Tensor = self.classifier(self.dropout(self.embed(input_ids, attention_mask)))
        return logits.float()

    def embed(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Give one vector for each text, (texts, width)."""
        output = self.bert(input_ids, attention_mask)
        pooled: Tensor
        if self.pooling == "pooler":
            pooled = output.pooler_output
        else:
            weights = attention_mask[..., None].to(output.last_hidden_state.dtype)
            pooled = (output.last_hidden_state * weights).sum(1) / weights.sum(1)
        return pooled


def load_start(folder: Path | None, labels: int) -> tuple[Classifier, str]:
    """Load the encoder that a router is fine-tuned from.

    Args:
        folder: a Hugging Face folder of a BertModel (config.json, model.safetensors,
            tokenizer.json), or one that `mdsa train encoder` wrote; the packaged TinyBERT if None.
        labels: how many logits.

    Returns:
        The network, its classifier drawn at random, and the tokenizer's JSON.

    Raises:
        ModelUnavailableError: it cannot be read, or is no BERT.
    """
    if folder is None or (folder / MANIFEST).exists():
        from mdsa.training.student import load_student

        config, weights = load_student(folder or PACKAGED_FOLDER)
        tokenizer_json = ((folder or PACKAGED_FOLDER) / TOKENIZER).read_text(encoding="utf-8")
        return _classifier(config, weights, labels, "pooler"), tokenizer_json
    from safetensors.torch import load_file

    try:
        content = json.loads((folder / "config.json").read_bytes())
        tokenizer_json = (folder / "tokenizer.json").read_text(encoding="utf-8")
        weights = load_file(folder / "model.safetensors")
    except (OSError, ValueError) as error:
        raise ModelUnavailableError(
            f"cannot start from {folder} ({error}); give a Hugging Face folder of a BERT encoder: "
            "config.json, model.safetensors, tokenizer.json."
        ) from error
    if content.get("model_type") != "bert":
        raise ModelUnavailableError(
            f"{folder} holds a model of type {content.get('model_type')!r}; give a BERT encoder."
        )
    return _classifier(BertConfig(**content), weights, labels, "pooler"), tokenizer_json


def load_teacher(labels: int) -> tuple[Classifier, str]:
    """Load the packaged MiniLM (6 layers, 384 wide) to be fine-tuned as the router's teacher."""
    model = packaged_minilm()
    weights = {name: torch.from_numpy(array) for name, array in model.weights().items()}
    return _classifier(BertConfig(**model.config), weights, labels, "mean"), model.tokenizer_json


def _classifier(
    config: BertConfig, weights: dict[str, Tensor], labels: int, pooling: Pooling
) -> Classifier:
    config = BertConfig(**{**config.to_dict(), **_shape_of_training()})
    bert = BertModel(config, add_pooling_layer=pooling == "pooler")
    plain = {name.removeprefix("bert."): tensor for name, tensor in weights.items()}
    found = bert.load_state_dict(plain, strict=False)
    missing = [name for name in found.missing_keys if not name.startswith("pooler.")]
    if missing:
        raise ModelUnavailableError(
            f"the encoder's weights lack {', '.join(missing[:3])} ({len(missing)} in all)."
        )
    return Classifier(bert, labels, pooling)


def _shape_of_training() -> dict[str, Any]:
    # sdpa is several times slower than eager for short texts on a CPU, and drawing dropout for
    # every pair of tokens costs more than it gives.
    return {
        "attn_implementation": "eager",
        "hidden_dropout_prob": _DROPOUT,
        "attention_probs_dropout_prob": 0.0,
    }


def autocast(device: torch.device) -> AbstractContextManager[Any]:
    """Products in bfloat16 where the hardware has them; on other CPUs they would be slower."""
    fast = device.type == "cuda" or torch.cpu._is_amx_tile_supported()
    return torch.autocast(device.type, torch.bfloat16, enabled=fast)


def encode_texts(tokenizer_json: str, texts: Sequence[str], max_tokens: int) -> list[list[int]]:
    """Token ids of each text, [CLS] and [SEP] included."""
    tokenizer = Tokenizer.from_str(tokenizer_json)
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    return [encoded.ids for encoded in tokenizer.encode_batch_fast(list(texts))]


def padded(ids: Sequence[Sequence[int]], device: torch.device) -> tuple[Tensor, Tensor]:
    """Ids and mask, both (texts, longest)."""
    longest = max(map(len, ids))
    tokens = np.zeros((len(ids), longest), dtype=np.int64)
    mask = np.zeros_like(tokens)
    for row, own in enumerate(ids):
        tokens[row, : len(own)] = own
        mask[row, : len(own)] = 1
    return torch.from_numpy(tokens).to(device), torch.from_numpy(mask).to(device)


def predict(model: Classifier, ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
    """Logits of encoded texts, (texts, labels), without dropout."""
    return _read(model, model, model.classifier.out_features, ids)


def embed(model: Classifier, ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
    """Unit vectors of encoded texts, (texts, width)."""
    vectors = _read(model, model.embed, model.classifier.in_features, ids)
    length = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    unit: NDArray[np.float32] = (vectors / length).astype(np.float32)
    return unit


def _read(
    model: Classifier,
    network: Callable[[Tensor, Tensor], Tensor],
    columns: int,
    ids: Sequence[Sequence[int]],
) -> NDArray[np.float32]:
    device = next(model.parameters()).device
    order = sorted(range(len(ids)), key=lambda at: len(ids[at]))
    rows = np.empty((len(ids), columns), dtype=np.float32)
    was_training = model.training
    model.eval()
    with torch.inference_mode(), autocast(device):
        for chosen in _slices(order, _PREDICTED_AT_ONCE):
            answer = network(*padded([ids[at] for at in chosen], device))
            rows[chosen] = answer.float().cpu().numpy()
    model.train(was_training)
    return rows


def _slices(order: list[int], size: int) -> Iterator[list[int]]:
    return (order[at : at + size] for at in range(0, len(order), size))
