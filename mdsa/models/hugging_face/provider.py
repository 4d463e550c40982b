"""Makes and checks the models of `hf://`."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from langchain_core.language_models import BaseChatModel

from mdsa.errors import MdsaError
from mdsa.models.memory_budget import MemoryBudget
from mdsa.models.provider import ModelOptions, ModelStatus
from mdsa.models.quantization import QuantizationType
from mdsa.settings import Settings

if TYPE_CHECKING:
    from mdsa.models.hugging_face.weights import LocalWeights

__all__ = ["HuggingFaceProvider"]

_MAX_TOKENS = 512


class HuggingFaceProvider:
    """Models on this machine; those that differ in their options only share the weights.

    Args:
        settings: device and quantization.
        memory: what holds the weights.
    """

    def __init__(self, settings: Settings, memory: MemoryBudget) -> None:
        self._settings = settings
        self._memory = memory
        self._lock = threading.Lock()
        self._weights: dict[str, LocalWeights] = {}

    def make(self, name: str, options: ModelOptions) -> BaseChatModel:
        """Make a chat model over the weights of a hub id or a local folder."""
        from mdsa.models.hugging_face.chat_model import HuggingFaceChatModel

        return HuggingFaceChatModel(
            weights=self._weights_of(name),
            memory=self._memory,
            temperature=options.temperature,
            max_tokens=options.max_tokens or _MAX_TOKENS,
        )

    def check(self, name: str) -> ModelStatus:
        """Look whether the weights are on this machine, and what they take."""
        from mdsa.models.hugging_face.files import find_problem
        from mdsa.models.hugging_face.quantization import find_quantization_problem

        reference = f"hf://{name}"
        weights = self._weights_of(name)
        try:
            problem = find_problem(name) or find_quantization_problem(
                weights.quantization, weights.device
            )
            if problem is not None:
                return ModelStatus(reference, False, problem[0], problem[1])
            return ModelStatus(
                reference,
                True,
                "on this machine",
                device=weights.device,
                dtype=str(weights.quantization or weights.dtype),
                memory_bytes=weights.estimate_bytes(),
                loaded=weights.name in {status.name for status in self._memory.loaded()},
            )
        except MdsaError as error:
            return ModelStatus(reference, False, str(error), "correct the setting or the model")

    def warm_up(self, name: str) -> None:
        """Load a model and wait for it.

        Raises:
            ModelError: it cannot be loaded.
        """
        with self._memory.using(self._weights_of(name)):
            pass

    def _weights_of(self, name: str) -> LocalWeights:
        from mdsa.models.hugging_face.weights import LocalWeights

        with self._lock:
            if name not in self._weights:
                kind = self._settings.quantization
                self._weights[name] = LocalWeights(
                    name, self._settings.device, QuantizationType(kind) if kind else None
                )
            return self._weights[name]
