"""Makes and checks the models of `openai://`."""

from __future__ import annotations

from langchain_core.language_models import BaseChatModel

from mdsa.errors import ModelUnavailableError
from mdsa.models.provider import ModelOptions, ModelStatus
from mdsa.settings import Settings

__all__ = ["OpenAIProvider"]


class OpenAIProvider:
    """Refuses, for now: these servers come later."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def make(self, name: str, options: ModelOptions) -> BaseChatModel:  # noqa: ARG002
        """Refuse.

        Raises:
            ModelUnavailableError: always.
        """
        raise ModelUnavailableError(_refusal(name))

    def check(self, name: str) -> ModelStatus:
        """Say that it cannot be used."""
        return ModelStatus(f"openai://{name}", False, _refusal(name))


def _refusal(name: str) -> str:
    return (
        f"model reference 'openai://{name}' cannot be used: OpenAI-compatible servers come with a "
        "later version of MDSA. Use ollama://MODEL, hf://MODEL or embedded://reader."
    )
