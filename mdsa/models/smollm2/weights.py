"""The engine as the memory budget holds it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mdsa.models.smollm2.engine import CONTEXT_TOKENS, Engine, open_engine

__all__ = ["SmolLM2Weights"]

_BYTES_PER_TOKEN = 30 * 2 * 192 * 2
"""Of the attention's cache: layers, keys and values, dimensions, bytes."""
_WORKING_BYTES = 60_000_000


class SmolLM2Weights:
    """Loads SmolLM2 with its adapter or without; a `Resident` of the memory budget.

    Args:
        name: such as `embedded://smollm2`.
        find_weights: gives the weights' file, or says which command brings it.
        find_adapter: gives the adapter's file; None runs the model as it was published.
    """

    def __init__(
        self,
        name: str,
        find_weights: Callable[[], Path],
        find_adapter: Callable[[], Path] | None = None,
    ) -> None:
        self._name = name
        self._find_weights = find_weights
        self._find_adapter = find_adapter
        self._engine: Engine | None = None

    @property
    def name(self) -> str:
        """The model's reference."""
        return self._name

    def estimate_bytes(self) -> int:
        """Size of the files, the cache and what a step needs."""
        files = [self._find_weights()]
        if self._find_adapter is not None:
            files.append(self._find_adapter())
        size = sum(path.stat().st_size for path in files)
        return size + CONTEXT_TOKENS * _BYTES_PER_TOKEN + _WORKING_BYTES

    def load(self) -> Engine:
        """Start the engine."""
        adapter = None if self._find_adapter is None else self._find_adapter()
        self._engine = open_engine(self._find_weights(), adapter)
        return self._engine

    def release(self) -> None:
        """Stop it."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()
