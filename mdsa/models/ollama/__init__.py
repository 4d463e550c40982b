"""`ollama://`: chat models of an Ollama server."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mdsa.models.ollama.chat_model import OllamaChatModel

__all__ = ["OllamaChatModel"]

_HOMES = {
    "OllamaChatModel": "mdsa.models.ollama.chat_model",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
