"""`hf://` on tiny models with random weights, made here."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

from mdsa.errors import ModelError, ModelUnavailableError
from mdsa.models import ModelRegistry
from mdsa.models.chat_template import render_prompt
from mdsa.settings import Settings

_TEXT = [
    "Instruct: where is my order?\nOutput: it is on its way to you.",
    "<|user|>how long does shipping take?<|assistant|>three to five days<|end|>",
]
_TEMPLATE = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def _save_model(folder: Path, kind: str, *, template: str | None = None, length: int = 256) -> Path:
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import (
        LlamaConfig,
        LlamaForCausalLM,
        PhiConfig,
        PhiForCausalLM,
        PreTrainedTokenizerFast,
    )

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=["<eos>"], initial_alphabet=alphabet, show_progress=False
    )
    raw.train_from_iterator(_TEXT, trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, eos_token="<eos>")  # noqa: S106
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    sizes: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 64,
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


@pytest.fixture(scope="module")
def phi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _save_model(tmp_path_factory.mktemp("phi"), "phi")


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _save_model(tmp_path_factory.mktemp("llama"), "llama", template=_TEMPLATE)


@pytest.fixture
def registry() -> ModelRegistry:
    return ModelRegistry(Settings(device="cpu"))


@pytest.mark.parametrize("kind", ["phi", "llama"])
def test_what_streams_is_what_is_generated(
    kind: str, registry: ModelRegistry, request: pytest.FixtureRequest
) -> None:
    folder: Path = request.getfixturevalue(kind)
    model = registry.get(str(folder), max_tokens=12, temperature=0)

    whole = model.invoke("where is my order?")
    chunks = list(model.stream("where is my order?"))

    assert "".join(chunk.text for chunk in chunks) == whole.text
    assert whole.usage_metadata is not None
    assert 0 < whole.usage_metadata["output_tokens"] <= 12
    assert whole.usage_metadata["input_tokens"] > 5
    assert whole.response_metadata["model_name"] == f"hf://{folder}"


async def test_async_generation_leaves_the_loop_free(phi: Path, registry: ModelRegistry) -> None:
    model = registry.get(str(phi), max_tokens=60, temperature=0)
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    ticking = asyncio.create_task(tick())
    reply = await model.ainvoke("where is my order?")
    ticking.cancel()
    streamed = "".join([chunk.text async for chunk in model.astream("where is my order?")])

    assert ticks > 10
    assert streamed == reply.text


def test_a_stop_text_ends_the_answer_and_stays_out_of_it(
    phi: Path, registry: ModelRegistry
) -> None:
    model = registry.get(str(phi), max_tokens=30, temperature=0)
    whole = model.invoke("how long?").text
    mark = whole[len(whole) // 2 :][:3]

    cut = model.invoke("how long?", stop=[mark]).text

    assert cut == whole.split(mark, 1)[0]
    assert len(cut) < len(whole)


def test_leaving_a_stream_early_ends_its_generation(phi: Path, registry: ModelRegistry) -> None:
    model = registry.get(str(phi), max_tokens=200, temperature=0)
    stream = model.stream("how long?")

    next(stream)
    stream.close()  # type: ignore[attr-defined]  # a generator behind the Iterator type

    generating = model.weights.generating  # type: ignore[attr-defined]  # the hf model's field
    assert not generating.locked()


def test_sampling_follows_the_temperature(phi: Path, registry: ModelRegistry) -> None:
    hot = registry.get(str(phi), max_tokens=20, temperature=5.0)

    assert len({hot.invoke("how long?").text for _ in range(4)}) > 1


def test_options_differ_but_weights_are_shared(phi: Path, registry: ModelRegistry) -> None:
    first = registry.get(str(phi), max_tokens=5)
    second = registry.get(str(phi), max_tokens=6)

    assert first is not second
    assert first.weights is second.weights  # type: ignore[attr-defined]  # the hf model's field


def test_a_prompt_beyond_the_context_is_refused(tmp_path: Path, registry: ModelRegistry) -> None:
    folder = _save_model(tmp_path / "short", "phi", length=16)

    with pytest.raises(ModelError, match="reads 16"):
        registry.get(str(folder)).invoke("where is my order? " * 20)


def test_tools_are_refused_with_a_reason(phi: Path, registry: ModelRegistry) -> None:
    with pytest.raises(ModelError, match="cannot call tools"):
        registry.get(str(phi)).bind_tools([])


def test_a_model_that_is_not_here_names_its_download(registry: ModelRegistry) -> None:
    with pytest.raises(ModelUnavailableError, match="hf download owner/absent"):
        registry.get("owner/absent").invoke("hello")


def test_a_folder_without_weights_is_unavailable(tmp_path: Path, registry: ModelRegistry) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "phi"}', encoding="utf-8")

    with pytest.raises(ModelUnavailableError, match="cannot be loaded"):
        registry.get(str(tmp_path)).invoke("hello")


def test_the_check_finds_a_folder(phi: Path, registry: ModelRegistry) -> None:
    assert registry.check(str(phi)).available


class _NoTemplate:
    chat_template = None


def test_without_a_template_the_prompt_is_phi_2s_form() -> None:
    messages = [
        SystemMessage("Be kind."),
        HumanMessage("Hi"),
        AIMessage("Hello"),
        HumanMessage("Where is it?"),
        ToolMessage("in Dayton", tool_call_id="1", name="find"),
    ]

    assert render_prompt(messages, _NoTemplate()) == (
        "Instruct: Be kind.\n\nHi\nOutput: Hello\n"
        "Instruct: Where is it?\n\nResult of find: in Dayton\nOutput:"
    )
