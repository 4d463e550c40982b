"""Chat models: the reader that ships with the install, and references to others."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mdsa.models.quantization import QuantizationType
    from mdsa.models.reader.chat_model import ReaderChatModel
    from mdsa.models.registry import ModelRegistry

__all__ = ["ModelRegistry", "QuantizationType", "ReaderChatModel"]

_HOMES = {
    "ModelRegistry": "mdsa.models.registry",
    "QuantizationType": "mdsa.models.quantization",
    "ReaderChatModel": "mdsa.models.reader.chat_model",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
