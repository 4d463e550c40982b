"""Makes and checks the models of `hf://`."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from langchain_core.language_models import BaseChatModel

from mdsa.models.memory_budget import MemoryBudget
from mdsa.models.provider import ModelOptions, ModelStatus
from mdsa.settings import Settings

if TYPE_CHECKING:
    from mdsa.models.weights import LocalWeights

__all__ = ["HuggingFaceProvider"]


class HuggingFaceProvider:
    """Models on this machine; those that differ in their options only share the weights.

    Args:
        settings: the device.
        memory: what holds the weights.
    """

    def __init__(self, settings: Settings, memory: MemoryBudget) -> None:
        self._settings = settings
        self._memory = memory
        self._lock = threading.Lock()
        self._weights: dict[str, LocalWeights] = {}

    def make(self, name: str, options: ModelOptions) -> BaseChatModel:
        """Make a chat model over the weights of a hub id or a local folder."""
        from mdsa.models.huggingface import HuggingFaceChatModel
        from mdsa.models.weights import LocalWeights

        with self._lock:
            if name not in self._weights:
                self._weights[name] = LocalWeights(name, self._settings.device)
            weights = self._weights[name]
        return HuggingFaceChatModel(
            weights=weights,
            temperature=options.temperature,
            max_tokens=options.max_tokens or 512,
        )

    def check(self, name: str) -> ModelStatus:
        """Look whether the weights are on this machine."""
        from mdsa.models.weights import find_problem

        problem = find_problem(name)
        if problem is None:
            return ModelStatus(f"hf://{name}", True, "on this machine")
        return ModelStatus(f"hf://{name}", False, problem[0], problem[1])
