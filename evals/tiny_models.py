"""Small Hugging Face models with random weights, made on the spot: real but for what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["make_tiny_model"]

_TEXT = (
    "<|system|>Answer from the passages.<|end|><|user|>how long does shipping take?<|end|>",
    "<|assistant|>three to five days [1].<|end|>",
)
_TEMPLATE = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def make_tiny_model(folder: Path, *, seed: int, hidden: int = 256, layers: int = 4) -> Path:
    """Write a Llama with its tokenizer.

    Args:
        folder: made where it is missing.
        seed: of the weights.
        hidden: width; 256 and 4 layers are 4 million weights, 17 MB.
        layers: number of them.

    Returns:
        The folder.
    """
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<eos>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    raw.train_from_iterator(_TEXT, trainer)
    tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]  # transformers' own
        tokenizer_object=raw,
        eos_token="<eos>",  # noqa: S106 - a token of text
    )
    tokenizer.chat_template = _TEMPLATE
    tokenizer.save_pretrained(folder)
    sizes: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "hidden_size": hidden,
        "intermediate_size": 4 * hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "max_position_embeddings": 256,
        "bos_token_id": 0,
        "eos_token_id": 0,
    }
    torch.manual_seed(seed)
    LlamaForCausalLM(LlamaConfig(**sizes)).save_pretrained(folder)
    return folder
