"""An adapter as llama.cpp reads it: a GGUF file of type `adapter`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

__all__ = ["write_adapter"]


def write_adapter(
    path: Path, state: Mapping[str, torch.Tensor], alpha: float, reader: Any, name: str
) -> None:
    """Write the file, complete or not at all.

    Args:
        path: to write.
        state: `blk.0.attn_q.a` (rank, in) and `.b` (out, rank) and so on, in transformers' order of
            rotary dimensions.
        alpha: llama.cpp scales the addition by alpha / rank.
        reader: the GGUF file of the base model.
        name: of the adapter.
    """
    from gguf import GGUFWriter

    heads = reader.fields["llama.attention.head_count"].contents()
    key_heads = reader.fields["llama.attention.head_count_kv"].contents()
    temporary = path.with_name(f"{path.name}.tmp")
    writer = GGUFWriter(temporary, "llama")
    writer.add_string("general.type", "adapter")
    writer.add_string("general.name", name)
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", alpha)
    for key in sorted(state):
        tensor = state[key].float()
        base, part = key.rsplit(".", 1)
        if part == "b" and base.endswith(("attn_q", "attn_k")):
            tensor = _interleaved(tensor, heads if base.endswith("attn_q") else key_heads)
        writer.add_tensor(f"{base}.weight.lora_{part}", tensor.numpy().astype(np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    temporary.replace(path)


def _interleaved(weight: torch.Tensor, heads: int) -> torch.Tensor:
    """Undo what reading did: llama.cpp keeps the halves of a head's dimensions interleaved."""
    rows, columns = weight.shape
    split = weight.reshape(heads, 2, rows // heads // 2, columns)
    return split.transpose(1, 2).reshape(rows, columns)
