"""The providers that every registry knows, each imported when its scheme is first used."""

from __future__ import annotations

from collections.abc import Callable

from mdsa.models.memory_pools import MemoryPools
from mdsa.models.provider import ModelProvider
from mdsa.models.references import SCHEMES as BUILT_IN_SCHEMES
from mdsa.settings import Settings

__all__ = ["BUILT_IN_SCHEMES", "built_in_provider"]


def built_in_provider(
    scheme: str, settings: Settings, memory: Callable[[], MemoryPools]
) -> ModelProvider:
    """Make the provider of a scheme.

    Args:
        scheme: one of `BUILT_IN_SCHEMES`.
        settings: addresses and device.
        memory: gives the memory; called only for models that run in this process.
    """
    if scheme == "ollama":
        from mdsa.models.ollama.provider import OllamaProvider

        return OllamaProvider(settings)
    if scheme == "openai":
        from mdsa.models.openai_server.provider import OpenAIProvider

        return OpenAIProvider(settings)
    if scheme == "hf":
        from mdsa.models.hugging_face.provider import HuggingFaceProvider

        return HuggingFaceProvider(settings, memory().of_device())
    if scheme == "embedded":
        from mdsa.models.embedded import EmbeddedProvider

        return EmbeddedProvider(settings, memory().of_cpu())
    raise LookupError(f"no built-in provider for {scheme!r}")
