"""Logging, hardware, configuration files and checks of user input.

The names below are loaded when they are first used: the router needs none of their libraries.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mdsa.utils.config_loader import ConfigLoader
    from mdsa.utils.hardware import HardwareDetector
    from mdsa.utils.logger import setup_logger
    from mdsa.utils.text import clean_message

__all__ = ["ConfigLoader", "HardwareDetector", "clean_message", "setup_logger"]

_HOMES = {
    "ConfigLoader": "mdsa.utils.config_loader",
    "HardwareDetector": "mdsa.utils.hardware",
    "clean_message": "mdsa.utils.text",
    "setup_logger": "mdsa.utils.logger",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
