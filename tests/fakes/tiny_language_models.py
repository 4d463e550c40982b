"""Language models small enough to be made within a test, with random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = [
    "HERMES_TEMPLATE",
    "LLAMA_TEMPLATE",
    "MISTRAL_TEMPLATE",
    "PLAIN_TEMPLATE",
    "save_image_model",
    "save_model",
]

_TEXT = [
    "Instruct: where is my order?\nOutput: it is on its way to you.",
    "<|user|>how long does shipping take?<|assistant|>three to five days<|end|>",
    '{"name": "get_weather", "arguments": {"city": "Paris", "unit": "celsius"}}',
]

PLAIN_TEMPLATE = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
"""Knows no tools."""

HERMES_TEMPLATE = (
    "{% if tools %}<|tools|>{% for t in tools %}{{ t | tojson }}\n{% endfor %}"
    'Write calls as <tool_call>\n{"name": ..., "arguments": ...}\n</tool_call><|end|>{% endif %}'
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}"
    "{% for c in m.tool_calls or [] %}<tool_call>\n"
    '{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments | tojson }}}\n'
    "</tool_call>{% endfor %}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
"""Like Qwen's: a call within tags."""

MISTRAL_TEMPLATE = (
    "{% if tools %}[AVAILABLE_TOOLS]{{ tools | tojson }}{% endif %}"
    "{% for m in messages %}"
    "{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    "{% if m.tool_calls %}[TOOL_CALLS] [{% for c in m.tool_calls %}"
    "{% if c.id | length != 9 %}{{ raise_exception('ids have 9 characters') }}{% endif %}"
    "{{ c.function | tojson }}{% endfor %}]"
    "{% else %}<|{{ m.role }}|>{{ m.content }}{% endif %}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
"""Like Mistral's: a token before a list, ids of nine characters, no system turn."""

LLAMA_TEMPLATE = (
    "{% if tools %}Environment: ipython\n"
    'Write {"name": "x", "parameters": {}}\n{{ tools | tojson }}{% endif %}'
    "{% for m in messages %}<|{{ m.role }}|>"
    "{% if m.tool_calls %}{% if m.tool_calls | length != 1 %}"
    "{{ raise_exception('single calls only') }}{% endif %}"
    '{"name": "{{ m.tool_calls[0].function.name }}", '
    '"parameters": {{ m.tool_calls[0].function.arguments | tojson }}}'
    "{% else %}{{ m.content }}{% endif %}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
"""Like Llama 3's: bare JSON, one call in a turn."""


def save_tokenizer(
    folder: Path, template: str | None = None, special: list[str] | None = None
) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    names = ["<eos>", "<|end|>", "<|user|>", "<|assistant|>", "<|system|>", *(special or [])]
    trainer = trainers.BpeTrainer(
        vocab_size=420,
        special_tokens=names,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    raw.train_from_iterator(_TEXT, trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, eos_token="<eos>")  # noqa: S106
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    return tokenizer


def save_model(
    folder: Path,
    kind: str = "llama",
    *,
    template: str | None = None,
    length: int = 256,
    special: list[str] | None = None,
    width: int = 32,
) -> Path:
    """Save a model of random weights with its tokenizer; `kind` is `phi` or `llama`."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM, PhiConfig, PhiForCausalLM

    tokenizer = save_tokenizer(folder, template, special)
    sizes: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "hidden_size": width,
        "intermediate_size": 2 * width,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": length,
        "bos_token_id": 0,
        "eos_token_id": 0,
    }
    torch.manual_seed(0)
    model = (
        PhiForCausalLM(PhiConfig(**sizes))
        if kind == "phi"
        else LlamaForCausalLM(LlamaConfig(**sizes, num_key_value_heads=4))
    )
    model.save_pretrained(folder)
    return folder


_IMAGE_TEMPLATE = (
    "{% for m in messages %}<|{{ m.role }}|>{% for part in m.content %}"
    "{% if part.type == 'image' %}<image>{% else %}{{ part.text }}{% endif %}"
    "{% endfor %}<|end|>{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def save_image_model(folder: Path) -> Path:
    """Save an image-text model (LLaVA's kind) of random weights; an image is four tokens."""
    import torch
    from transformers import (
        CLIPImageProcessorPil,
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
    )

    tokenizer = save_tokenizer(folder, None, ["<image>"])
    sizes: dict[str, Any] = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
    }
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(**sizes, image_size=28, patch_size=14, projection_dim=32),
        text_config=LlamaConfig(
            **sizes,
            vocab_size=len(tokenizer),
            max_position_embeddings=512,
            bos_token_id=0,
            eos_token_id=0,
        ),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        vision_feature_layer=-1,
    )
    torch.manual_seed(0)
    LlavaForConditionalGeneration(config).save_pretrained(folder)
    processor = LlavaProcessor(
        CLIPImageProcessorPil(size={"height": 28, "width": 28}, do_center_crop=False),
        tokenizer,
        patch_size=14,
        vision_feature_select_strategy="default",
        chat_template=_IMAGE_TEMPLATE,
        num_additional_image_tokens=1,
    )
    processor.save_pretrained(folder)
    return folder
