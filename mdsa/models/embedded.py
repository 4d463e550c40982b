"""`embedded://`: the models that come with MDSA."""

from __future__ import annotations

from langchain_core.language_models import BaseChatModel

from mdsa.embeddings.adapter import adapted_minilm
from mdsa.errors import ModelUnavailableError, UnknownNameError
from mdsa.models.memory_budget import MemoryBudget
from mdsa.models.provider import ModelOptions, ModelStatus
from mdsa.settings import Settings

__all__ = ["EMBEDDED_MODELS", "EmbeddedProvider"]

EMBEDDED_MODELS = ("reader", "smollm2", "smollm2-base")
"""Names after `embedded://`."""


class EmbeddedProvider:
    """Makes `embedded://reader`, and `embedded://smollm2` with its adapter or (`-base`) without.

    Args:
        settings: where prepared and downloaded files lie.
        memory: what holds the weights of models that run in this process.
    """

    def __init__(self, settings: Settings, memory: MemoryBudget) -> None:
        self._settings = settings
        self._memory = memory

    def make(self, name: str, options: ModelOptions) -> BaseChatModel:
        """Make a model.

        Raises:
            UnknownNameError: no such embedded model.
        """
        from mdsa.models.reader.chat_model import ReaderChatModel

        if name.startswith("smollm2") and name in EMBEDDED_MODELS:
            from mdsa.models.smollm2.provider import make_smollm2

            return make_smollm2(name, options, self._settings, self._memory)
        if name != "reader":
            raise UnknownNameError("embedded model", name, EMBEDDED_MODELS)
        return ReaderChatModel(temperature=options.temperature, max_tokens=options.max_tokens)

    def check(self, name: str) -> ModelStatus:
        """Look whether a model could answer."""
        reference = f"embedded://{name}"
        if name.startswith("smollm2") and name in EMBEDDED_MODELS:
            from mdsa.models.smollm2.provider import check_smollm2

            return check_smollm2(name, self._settings, self._memory)
        if name != "reader":
            problem = str(UnknownNameError("embedded model", name, EMBEDDED_MODELS))
            return ModelStatus(reference, False, problem, "correct the model reference")
        try:
            adapted_minilm().additions()
        except ModelUnavailableError as error:
            return ModelStatus(reference, False, str(error), "see the message")
        return ModelStatus(reference, True, "ships with the install", device="cpu", dtype="int8")

    def warm_up(self, name: str) -> None:
        """Load the reader's sentence encoders, and SmolLM2's weights, which fall back to it."""
        from mdsa.embeddings import ANSWER_MODEL, load_embeddings

        if name.startswith("smollm2"):
            from mdsa.models.smollm2.provider import warm_up_smollm2

            warm_up_smollm2(name, self._settings, self._memory)
        load_embeddings(ANSWER_MODEL).load()
        load_embeddings().load()
