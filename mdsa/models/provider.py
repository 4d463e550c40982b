"""What makes and checks the models of one scheme."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from langchain_core.language_models import BaseChatModel

__all__ = ["ModelOptions", "ModelProvider", "ModelStatus", "WarmUpProvider"]


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """Settings of one model instance.

    Attributes:
        temperature: randomness, 0 for none; None leaves it to the model.
        max_tokens: longest answer; None leaves it to the model.
    """

    temperature: float | None = None
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """Whether a model could answer now, and where it would run.

    Attributes:
        reference: as asked.
        available: whether it could.
        detail: what was found, in a sentence.
        remedy: the command or step that mends it; empty where nothing needs mending.
        device: `cpu`, `cuda`, `mps`, or the address of a server; empty where it is not known.
        dtype: of the weights, such as `bfloat16`, `int8` or `Q4_K_M`; empty where not known.
        memory_bytes: what the loaded model takes, as estimated; None where it is not known.
        loaded: it is in memory, so that its first answer does not wait for it.
    """

    reference: str
    available: bool
    detail: str
    remedy: str = ""
    device: str = ""
    dtype: str = ""
    memory_bytes: int | None = None
    loaded: bool = False


class ModelProvider(Protocol):
    """The models of one scheme. Thread-safe."""

    def make(self, name: str, options: ModelOptions) -> BaseChatModel:
        """Make a model of the name after `scheme://`. Loading belongs to its first call.

        A failure shows as an error of `mdsa.errors`: ModelUnavailableError with the command that
        mends it, ModelMemoryError, ContextOverflowError or another ModelError, with
        `retry_after_s` where the same call may succeed later.

        Raises:
            ConfigError: no model can have this name.
        """
        ...

    def check(self, name: str) -> ModelStatus:
        """Look whether a model could answer, without loading it and without raising."""
        ...


@runtime_checkable
class WarmUpProvider(ModelProvider, Protocol):
    """A provider whose models can be loaded before the first question comes."""

    def warm_up(self, name: str) -> None:
        """Load a model and wait for it.

        Raises:
            ModelError: it cannot be loaded.
        """
        ...
