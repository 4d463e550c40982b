"""`hf://` on tiny models with random weights, made here."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from fakes.tiny_language_models import PLAIN_TEMPLATE, save_model
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

from mdsa.errors import ContextOverflowError, ModelError, ModelUnavailableError
from mdsa.models import ModelRegistry
from mdsa.models.hugging_face.chat_template import render_prompt
from mdsa.settings import Settings


@pytest.fixture(scope="module")
def phi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("phi"), "phi")


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("llama"), template=PLAIN_TEMPLATE)


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
    folder = save_model(tmp_path / "short", "phi", length=16)

    with pytest.raises(ModelError, match="reads 16"):
        registry.get(str(folder)).invoke("where is my order? " * 20)


def test_a_prompt_that_leaves_a_few_words_to_the_answer_is_refused(
    llama: Path, registry: ModelRegistry
) -> None:
    model = registry.get(str(llama), max_tokens=100, temperature=0)
    brief = registry.get(str(llama), max_tokens=8, temperature=0)
    # The model reads 256 tokens.
    fixed = model.get_num_tokens("<|user|><|end|><|assistant|>")
    word = model.get_num_tokens("!")
    fits, full = ("!" * ((256 - left - fixed) // word) for left in (64, 63))

    assert model.invoke(fits).text is not None
    with pytest.raises(ContextOverflowError, match="reads 256, with 64 of them kept"):
        model.invoke(full)
    assert brief.invoke(full).text is not None


def test_a_template_that_fails_on_a_conversation_is_told(
    tmp_path: Path, registry: ModelRegistry
) -> None:
    template = "{{ messages[0].content + 1 }}"
    folder = save_model(tmp_path / "failing", template=template)

    with pytest.raises(ModelError, match="chat template refuses"):
        registry.get(str(folder)).invoke("hello")


def test_a_model_that_is_not_here_names_its_download(registry: ModelRegistry) -> None:
    with pytest.raises(ModelUnavailableError, match="hf download owner/absent"):
        registry.get("owner/absent").invoke("hello")


def test_a_folder_without_weights_is_unavailable(tmp_path: Path, registry: ModelRegistry) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "phi"}', encoding="utf-8")

    assert not registry.check(str(tmp_path)).available
    with pytest.raises(ModelUnavailableError, match="holds no weights"):
        registry.get(str(tmp_path)).invoke("hello")


def test_the_check_finds_a_folder(phi: Path, registry: ModelRegistry) -> None:
    assert registry.check(str(phi)).available


class _NoTemplate:
    chat_template = None
    added_tokens_decoder: dict[int, object] = {}  # noqa: RUF012 - nothing changes it
    all_special_tokens = ("<eos>",)
    all_special_ids = (0,)


def test_without_a_template_the_prompt_is_phi_2s_form() -> None:
    messages = [
        SystemMessage("Be kind."),
        HumanMessage("Hi"),
        AIMessage("Hello"),
        HumanMessage("Where is it?"),
        ToolMessage("in Dayton", tool_call_id="1", name="find"),
    ]

    assert render_prompt(messages, _NoTemplate()).text == (
        "Instruct: Be kind.\n\nHi\nOutput: Hello\n"
        "Instruct: Where is it?\n\nResult of find: in Dayton\nOutput:"
    )
