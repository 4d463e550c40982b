"""Where a stopped training run goes on from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from mdsa.errors import StorageError

__all__ = ["load_checkpoint", "save_checkpoint"]


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read what `save_checkpoint` wrote; weights only, no code.

    Raises:
        StorageError: it cannot be read.
    """
    try:
        kept: dict[str, Any] = torch.load(path, weights_only=True)
    except (OSError, RuntimeError, EOFError, UnpicklingError) as error:
        raise StorageError(f"cannot read {path} ({error}); remove it to start over.") from error
    return kept


def save_checkpoint(path: Path, state: Mapping[str, Any]) -> None:
    """Write tensors and plain values, complete or not at all.

    Raises:
        StorageError: it cannot be written.
    """
    temporary = path.with_name(f"{path.name}.tmp")
    try:
        torch.save(dict(state), temporary)
        temporary.replace(path)
    except (OSError, RuntimeError) as error:
        raise StorageError(f"cannot write {path} ({error}); make room.") from error
