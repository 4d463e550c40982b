"""Where the weights of SmolLM2 and its adapter lie."""

from __future__ import annotations

from pathlib import Path

from mdsa.errors import ModelUnavailableError
from mdsa.settings import Settings, load_settings

__all__ = [
    "PULL",
    "WEIGHTS_BYTES",
    "WEIGHTS_FILE",
    "WEIGHTS_SHA256",
    "find_weights",
    "weights_path",
]

WEIGHTS_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
WEIGHTS_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
WEIGHTS_BYTES = 98_362_432
PULL = "mdsa models pull smollm2"


def weights_path(settings: Settings | None = None) -> Path:
    """Where the weights lie once they are pulled."""
    return (settings or load_settings()).cache_dir / "models" / WEIGHTS_FILE


def find_weights(settings: Settings | None = None) -> Path:
    """The weights' file.

    Raises:
        ModelUnavailableError: it is not there, or not whole.
    """
    path = weights_path(settings)
    try:
        size = path.stat().st_size
    except OSError as error:
        raise ModelUnavailableError(
            f"the weights of embedded://smollm2 are not on this machine ({path}); run: {PULL}"
        ) from error
    if size != WEIGHTS_BYTES:
        raise ModelUnavailableError(
            f"{path} has {size} bytes, not {WEIGHTS_BYTES}; it is not whole. Run: {PULL}"
        )
    return path
