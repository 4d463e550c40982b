"""MiniLM as `mdsa train reader` adapted it: a question lies near the sentence that answers it.

The adapter is low-rank (Hu et al., arXiv:2106.09685) and is added to the weights before they are
quantized, so that the adapted encoder costs what the plain one does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mdsa.embeddings.packaged import PackagedModel, packaged_minilm
from mdsa.errors import ModelUnavailableError

__all__ = ["ADAPTER_FILE", "ADAPTER_FOLDER", "MANIFEST_FILE", "AdaptedModel", "adapted_minilm"]

ADAPTER_FOLDER = Path(__file__).parent / "answers"
ADAPTER_FILE = "adapter.safetensors"
MANIFEST_FILE = "manifest.json"
_MEND = "pip install --force-reinstall --no-deps mdsa"


@dataclass(frozen=True, slots=True)
class AdaptedModel(PackagedModel):
    """A packaged model with low-rank additions to its linear maps.

    Attributes:
        adapter: tensors `NAME.a` of shape (rank, inputs) and `NAME.b` (outputs, rank), for the
            weight `NAME.weight`.
        adapter_sha256: what the adapter must hash to.
    """

    adapter: Path
    adapter_sha256: str

    @property
    def key(self) -> str:
        """Names the base and the adapter."""
        return f"{self.sha256[:12]}-{self.adapter_sha256[:12]}"

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """Read the weights with the additions, once both files have proved to be the expected ones.

        Raises:
            ModelUnavailableError: a file is missing or differs.
        """
        return _adapted(PackagedModel.weights(self), self.additions())

    def additions(self) -> dict[str, NDArray[np.floating]]:
        """Read the adapter, once its bytes have proved to be the expected ones.

        Raises:
            ModelUnavailableError: the file is missing or differs.
        """
        from safetensors.numpy import load

        try:
            data = self.adapter.read_bytes()
        except OSError as error:
            raise _unusable(self.adapter, error.strerror) from error
        digest = hashlib.sha256(data).hexdigest()
        if digest != self.adapter_sha256:
            raise _unusable(self.adapter, f"its sha256 is {digest}, not {self.adapter_sha256}")
        return load(data)


def adapted_minilm(folder: Path = ADAPTER_FOLDER) -> AdaptedModel:
    """The packaged MiniLM with the adapter of a folder.

    Args:
        folder: as `mdsa train reader` writes it.

    Raises:
        ModelUnavailableError: MiniLM is not installed, or the folder cannot be read, or the adapter
            belongs to other weights.
    """
    base = packaged_minilm()
    try:
        manifest = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
        expected, trained_on = str(manifest["sha256"]), str(manifest["base"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _unusable(folder / MANIFEST_FILE, repr(error)) from error
    if trained_on != base.sha256:
        raise _unusable(folder, f"it was trained on weights with sha256 {trained_on}")
    return AdaptedModel(base.folder, base.sha256, folder / ADAPTER_FILE, expected)


def _adapted(
    weights: Mapping[str, NDArray[np.float32]], adapter: Mapping[str, NDArray[np.floating]]
) -> dict[str, NDArray[np.float32]]:
    changed = dict(weights)
    for name in sorted(each.removesuffix(".a") for each in adapter if each.endswith(".a")):
        low, high = (adapter[f"{name}.{part}"].astype(np.float32) for part in ("a", "b"))
        changed[f"{name}.weight"] = weights[f"{name}.weight"] + high @ low
    return changed


def _unusable(path: Path, problem: str | None) -> ModelUnavailableError:
    return ModelUnavailableError(
        f"the adapter of the reader's encoder, {path}, cannot be used: {problem}. Run: {_MEND}"
    )
