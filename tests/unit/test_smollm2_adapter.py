"""The adapter that ships, and folders that hold none that can be used."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from mdsa.errors import ModelUnavailableError
from mdsa.models.smollm2.adapter import ADAPTER_FOLDER, find_adapter
from mdsa.models.smollm2.files import WEIGHTS_SHA256
from mdsa.models.smollm2.prompt import FORM


def test_the_shipped_one_is_whole_and_of_the_prompts_that_are_written() -> None:
    manifest = json.loads((ADAPTER_FOLDER / "manifest.json").read_text(encoding="utf-8"))

    assert find_adapter().stat().st_size == manifest["bytes"] < 11_000_000
    assert manifest["base"]["sha256"] == WEIGHTS_SHA256
    card = (ADAPTER_FOLDER / "README.md").read_text(encoding="utf-8")
    assert manifest["sha256"] in card


@pytest.mark.parametrize(
    ("data", "form", "says"),
    [
        (b"GGUF", FORM + 1, "form"),
        (b"GGUG", FORM, "damaged"),
        (None, FORM, "cannot be read"),
    ],
)
def test_another_one_is_refused(tmp_path: Path, data: bytes | None, form: int, says: str) -> None:
    whole = hashlib.sha256(b"GGUF").hexdigest()
    manifest = json.dumps({"sha256": whole, "form": form})
    (tmp_path / "manifest.json").write_text(manifest, encoding="utf-8")
    if data is not None:
        (tmp_path / "adapter.gguf").write_bytes(data)

    with pytest.raises(ModelUnavailableError, match=says):
        find_adapter(tmp_path)
