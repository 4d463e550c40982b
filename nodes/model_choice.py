"""A model that a node may ask, with its name and the breaker that guards it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from langchain_core.language_models import BaseChatModel

from mdsa.models.circuit_breaker import CircuitBreaker

__all__ = ["ModelChoice", "ModelLoader", "as_choice"]

ModelLoader = Callable[[], BaseChatModel]
"""Gives a model when it is first needed; loading may take seconds. A `ModelChoice` is one too."""


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model by its reference.

    Attributes:
        reference: for metadata and logs; empty where it has none.
        load: gives the model.
        breaker: shared by all that ask this model; None asks it however often it fails.
    """

    reference: str
    load: ModelLoader
    breaker: CircuitBreaker | None = None

    def __call__(self) -> BaseChatModel:
        """Give the model."""
        return self.load()


def as_choice(loader: ModelLoader) -> ModelChoice:
    """Give a choice; a plain loader becomes one without name and breaker."""
    return loader if isinstance(loader, ModelChoice) else ModelChoice("", loader)
