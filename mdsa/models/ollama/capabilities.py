"""What a model on an Ollama server can do, as `/api/show` tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ollama import ShowResponse

__all__ = ["OllamaCapabilities"]


@dataclass(frozen=True, slots=True)
class OllamaCapabilities:
    """What a model can do; None where the server is too old to tell.

    Attributes:
        tools: it has a template for tool calls.
        vision: it takes images.
        context_length: tokens that the model itself can read; the server may give it fewer.
    """

    tools: bool | None
    vision: bool | None
    context_length: int | None

    @classmethod
    def of(cls, shown: ShowResponse) -> OllamaCapabilities:
        """Read what the server shows of a model."""
        names = shown.capabilities
        info: Mapping[str, Any] = shown.modelinfo or {}
        architecture = info.get("general.architecture", "")
        length = info.get(f"{architecture}.context_length")
        return cls(
            tools=None if names is None else "tools" in names,
            vision=None if names is None else "vision" in names,
            context_length=length if isinstance(length, int) else None,
        )
