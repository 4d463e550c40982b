"""SmolLM2 in langchain-tests' standard unit suite for chat models."""

from __future__ import annotations

from typing import Any

from fakes.smollm2 import ScriptedEngine, ScriptedWeights
from langchain_core.language_models import BaseChatModel
from langchain_tests.unit_tests import ChatModelUnitTests

from mdsa.models.memory_budget import MemoryBudget
from mdsa.models.smollm2.chat_model import SmolLM2ChatModel


class TestSmolLM2Standard(ChatModelUnitTests):
    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return SmolLM2ChatModel

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {
            "weights": ScriptedWeights(ScriptedEngine(["Hello"])),
            "memory": MemoryBudget(10_000),
        }
