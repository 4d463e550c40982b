"""The adapter for MDSA's jobs, where the package holds one."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from mdsa.errors import ModelUnavailableError
from mdsa.models.smollm2.prompt import FORM

__all__ = ["ADAPTER_FOLDER", "find_adapter"]

ADAPTER_FOLDER = Path(__file__).parent / "adapter"
_FILE = "adapter.gguf"
_MANIFEST = "manifest.json"
_MEND = "pip install --force-reinstall --no-deps mdsa"


def find_adapter(folder: Path = ADAPTER_FOLDER) -> Path:
    """The adapter's file, after its hash is checked.

    Args:
        folder: holds `adapter.gguf` and `manifest.json` with its `sha256` and `form`.

    Raises:
        ModelUnavailableError: it is missing, damaged, or was trained on other prompts.
    """
    try:
        manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        data = (folder / _FILE).read_bytes()
        expected, form = str(manifest["sha256"]), int(manifest["form"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelUnavailableError(
            f"the adapter in {folder} cannot be read ({error!r}); run: {_MEND}"
        ) from error
    found = hashlib.sha256(data).hexdigest()
    if found != expected:
        raise ModelUnavailableError(
            f"{folder / _FILE} has sha256 {found}, not {expected}; it is damaged. Run: {_MEND}"
        )
    if form != FORM:
        raise ModelUnavailableError(
            f"the adapter in {folder} was trained on prompts of form {form}, and this MDSA writes "
            f"form {FORM}; train it anew: mdsa train slm"
        )
    return folder / _FILE
