"""The shipped encoder as PyTorch weights, to train on from."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import torch
from safetensors.torch import load
from torch import Tensor
from transformers import BertConfig

from mdsa.embeddings.bert_weights import read_bert
from mdsa.errors import ModelUnavailableError
from mdsa.router.encoder import MANIFEST, MODEL, PACKAGED_FOLDER, TinyBertEncoder

__all__ = ["POOLER", "load_student", "tinybert_config"]

POOLER = "pooler.safetensors"
"""BERT's pooler, beside the graph: fine-tuning starts from it, sentence vectors do without it."""


def tinybert_config(**changes: int) -> BertConfig:
    """TinyBERT-4L-312D (Jiao et al., arXiv:1909.10351), without dropout.

    Args:
        changes: other sizes, for tests.
    """
    sizes = {
        "vocab_size": 30522,
        "hidden_size": 312,
        "num_hidden_layers": 4,
        "num_attention_heads": 12,
        "intermediate_size": 1200,
        **changes,
    }
    return BertConfig.from_dict(
        {
            **sizes,
            "hidden_dropout_prob": 0.0,
            "attention_probs_dropout_prob": 0.0,
            # Measured on a CPU: several times faster than sdpa, which falls back under autocast.
            "attn_implementation": "eager",
        }
    )


def load_student(folder: Path = PACKAGED_FOLDER) -> tuple[BertConfig, dict[str, Tensor]]:
    """Read an encoder's weights back from its integers; their rounding does not hurt a start.

    Args:
        folder: as `train_encoder` writes it.

    Returns:
        The shape, and a state dict of `BertModel` with its pooler; the projection is left out.

    Raises:
        ModelUnavailableError: a file is missing, damaged or of another form.
    """
    TinyBertEncoder(folder).load()
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        weights = read_bert((folder / MODEL).read_bytes())
        content = (folder / POOLER).read_bytes()
        digest, expected = hashlib.sha256(content).hexdigest(), manifest["pooler_sha256"]
    except (OSError, ValueError, KeyError) as error:
        raise ModelUnavailableError(
            f"{str(folder)!r} holds no encoder to train from ({error!r}); make one with: "
            "mdsa train encoder"
        ) from error
    if digest != expected:
        raise ModelUnavailableError(
            f"{str(folder / POOLER)!r} has sha256 {digest}, not {expected}; it is damaged or was "
            "changed."
        )
    state = {
        name: torch.tensor(array)
        for name, array in weights.items()
        if not name.startswith("projection.")
    }
    state |= {f"pooler.dense.{name}": value.float() for name, value in load(content).items()}
    return tinybert_config(**manifest["sizes"]), state
