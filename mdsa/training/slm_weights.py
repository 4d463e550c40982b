"""SmolLM2 out of its GGUF file, as the network that is trained: what runs is what is fitted to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from mdsa.errors import ConfigError

__all__ = ["LORA_MODULES", "llama_modules", "open_network", "open_tokenizer", "read_gguf"]

LORA_MODULES = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
"""The linear maps of a layer, by their names in GGUF: those in transformers."""

_CONTROL = 3
"""Type of a special token in GGUF."""


def read_gguf(path: Path) -> Any:
    """Open a GGUF file.

    Raises:
        ConfigError: the package that reads it is not installed, or it is no such file.
    """
    try:
        from gguf import GGUFReader
    except ImportError as error:
        raise ConfigError(
            "training a small language model needs two packages more; "
            "run: pip install 'mdsa[slm-train]'"
        ) from error
    try:
        return GGUFReader(path)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path} is not a readable GGUF file ({error}); run: mdsa models pull smollm2"
        ) from error


def open_tokenizer(reader: Any) -> Tokenizer:
    """The tokenizer that a SmolLM2 file describes; it splits texts as llama.cpp does."""
    words = reader.fields["tokenizer.ggml.tokens"].contents()
    merges = [tuple(pair.split(" ")) for pair in reader.fields["tokenizer.ggml.merges"].contents()]
    kinds = reader.fields["tokenizer.ggml.token_type"].contents()
    vocabulary = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    # llama.cpp's "smollm" rule: digits one by one, then GPT-2's words.
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    special = [word for word, kind in zip(words, kinds, strict=True) if kind == _CONTROL]
    tokenizer.add_special_tokens([AddedToken(word, normalized=False) for word in special])
    return tokenizer


def open_network(reader: Any) -> Any:
    """The network with dequantized weights, bfloat16, as a `LlamaForCausalLM`."""
    from transformers import LlamaConfig, LlamaForCausalLM

    def value(name: str) -> Any:
        return reader.fields[f"llama.{name}"].contents()

    config = LlamaConfig(
        vocab_size=value("vocab_size"),
        hidden_size=value("embedding_length"),
        intermediate_size=value("feed_forward_length"),
        num_hidden_layers=value("block_count"),
        num_attention_heads=value("attention.head_count"),
        num_key_value_heads=value("attention.head_count_kv"),
        max_position_embeddings=value("context_length"),
        rms_norm_eps=value("attention.layer_norm_rms_epsilon"),
        rope_parameters={"rope_type": "default", "rope_theta": value("rope.freq_base")},
        tie_word_embeddings=True,
    )
    network = LlamaForCausalLM(config)
    state = llama_modules(
        _tensors(reader), value("attention.head_count"), value("attention.head_count_kv")
    )
    missing, unexpected = network.load_state_dict(state, strict=False)
    if unexpected or set(missing) - {"lm_head.weight"}:
        raise ConfigError(f"the GGUF file lacks {sorted(missing)} and has {sorted(unexpected)}.")
    network.tie_weights()
    for parameter in network.parameters():
        parameter.data = parameter.data.to(torch.bfloat16)
    return network


def llama_modules(
    tensors: Mapping[str, torch.Tensor], heads: int, key_heads: int
) -> dict[str, torch.Tensor]:
    """Tensors by the names that transformers gives them, with its order of rotary dimensions.

    llama.cpp stores the two halves of a head's dimensions interleaved, transformers one after the
    other.
    """
    names = {"attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm", **LORA_MODULES}
    found = {}
    for name, tensor in tensors.items():
        parts = name.split(".")
        if parts[0] == "blk":
            if parts[2] in ("attn_q", "attn_k"):
                tensor = _halves(tensor, heads if parts[2] == "attn_q" else key_heads)
            found[f"model.layers.{parts[1]}.{names[parts[2]]}.weight"] = tensor
        else:
            whole = {"token_embd": "model.embed_tokens", "output_norm": "model.norm"}
            found[f"{whole.get(parts[0], parts[0])}.weight"] = tensor
    return found


def _tensors(reader: Any) -> dict[str, torch.Tensor]:
    from gguf import dequantize

    return {
        tensor.name: torch.from_numpy(dequantize(tensor.data, tensor.tensor_type).copy())
        for tensor in reader.tensors
    }


def _halves(weight: torch.Tensor, heads: int) -> torch.Tensor:
    rows, columns = weight.shape
    split = weight.reshape(heads, rows // heads // 2, 2, columns)
    return split.transpose(1, 2).reshape(rows, columns)
