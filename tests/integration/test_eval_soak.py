"""The soak, on models that take memory and say nothing of interest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import ConfigDict

from mdsa.errors import ConfigError, ModelError
from mdsa.evals.soak import SoakReport, soak, soak_tiny_models
from mdsa.models import ModelRegistry
from mdsa.models.memory_budget import MemoryBudget
from mdsa.models.provider import ModelOptions, ModelStatus
from mdsa.settings import Settings

SIZE = 40_000_000
"""Large enough for the allocator to return it at once; it keeps smaller pieces for a while."""


class Array:
    """Forty megabytes, of which a leaky one keeps some when it is released."""

    def __init__(self, name: str, kept: list[Any] | None = None) -> None:
        self.name = name
        self._kept = kept

    def estimate_bytes(self) -> int:
        return SIZE

    def load(self) -> Any:
        array = np.ones(SIZE, dtype=np.uint8)
        if self._kept is not None:
            self._kept.append(array if len(self._kept) % 4 == 3 else None)
        return array

    def release(self) -> None: ...


class ArrayModel(BaseChatModel):
    """Counts what it has loaded."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    resident: Array
    memory: MemoryBudget

    @property
    def _llm_type(self) -> str:
        return "array"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        with self.memory.using(self.resident) as array:
            message = AIMessage(f"{array.sum()} bytes")
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        if self.resident.name == "broken":
            raise ModelError("broken")
        with self.memory.using(self.resident) as array:
            for word in (str(array.sum()), " ", "bytes"):
                yield ChatGenerationChunk(message=AIMessageChunk(word))


def run(names: list[str], kept: list[Any] | None = None, requests: int = 40) -> SoakReport:
    def open_registry(settings: Settings) -> ModelRegistry:
        registry = ModelRegistry(settings.model_copy(update={"device": "cpu"}))
        residents = {name: Array(name, kept) for name in names}

        def make(name: str, options: ModelOptions) -> BaseChatModel:
            return ArrayModel(resident=residents[name], memory=registry.memory.of_cpu())

        def check(name: str) -> ModelStatus:
            return ModelStatus(f"array://{name}", True, "here", memory_bytes=SIZE)

        registry.register("array", make, check)
        return registry

    references = [f"array://{name}" for name in names]
    return soak(references, requests, workers=4, open_registry=open_registry)


def test_models_take_turns_within_the_limit_and_nothing_grows() -> None:
    report = run(["a", "b", "c"], requests=80)

    assert report.errors == {}
    assert sum(report.kinds.values()) == report.requests == 80
    assert len(report.kinds) == 6
    assert report.loads > 3
    assert report.releases >= report.loads - 2
    assert 0 < report.most_used_mb <= report.limit_mb < report.models_mb == 120.0
    assert report.passed


def test_a_leak_is_seen() -> None:
    kept: list[Any] = []

    report = run(["a", "b", "c"], kept)

    assert report.growth_mb > 40
    assert not report.passed


def test_errors_are_counted() -> None:
    report = run(["a", "b", "broken"])

    assert set(report.errors) == {"ModelError"}
    assert not report.passed


def test_a_model_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match="hf download no/such-model"):
        soak(["hf://no/such-model"], 1)


def test_models_of_transformers_take_turns_too() -> None:
    report = soak_tiny_models(12, workers=3)

    assert report.errors == {}
    assert report.releases > 0
    assert 0 < report.most_used_mb <= report.limit_mb < report.models_mb
