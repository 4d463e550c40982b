"""The sentence encoder that ships with MDSA, and others of the same form.

A folder holds `model.onnx` (input `input_ids`, int64 (batch, tokens); output `embedding`, float32
(batch, dimension), of length 1), `tokenizer.json` and `manifest.json`, which names the number of
tokens that are read and the sha256 of the other two:

    {"format": "mdsa-encoder", "format_version": 2, "max_tokens": 128,
     "files": {"model.onnx": {"sha256": "…"}, "tokenizer.json": {"sha256": "…"}}, …}

In version 1 the graph had an `attention_mask` beside the ids.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdsa.errors import ModelUnavailableError
from mdsa.router.text_graph import TextGraph

__all__ = [
    "FORMAT_VERSION",
    "MANIFEST",
    "MODEL",
    "PACKAGED_FOLDER",
    "TOKENIZER",
    "TinyBertEncoder",
    "load_encoder",
    "write_encoder_manifest",
]

MANIFEST = "manifest.json"
MODEL = "model.onnx"
TOKENIZER = "tokenizer.json"
FORMAT_VERSION = 2
PACKAGED_FOLDER = Path(__file__).parent / "tinybert"

_FORMAT = "mdsa-encoder"
_READABLE = range(1, FORMAT_VERSION + 1)
_HASHED = (MODEL, TOKENIZER)
_OUTPUT = "embedding"
_cache_lock = threading.Lock()


def load_encoder(folder: Path | None = None) -> TinyBertEncoder:
    """Get the encoder of a folder; the same object for the same folder, so that it loads once.

    Nothing is read until the first text is encoded.

    Args:
        folder: as described above; None is the encoder that ships with MDSA.
    """
    with _cache_lock:  # lru_cache alone may build two for two threads
        return _cached((folder or PACKAGED_FOLDER).expanduser().resolve())


@lru_cache(maxsize=8)
def _cached(folder: Path) -> TinyBertEncoder:
    return TinyBertEncoder(folder)


class TinyBertEncoder:
    """Turns texts into unit vectors; loads when it is first used, and threads may share it.

    Args:
        folder: holds the encoder, in the form described above.
    """

    def __init__(self, folder: Path = PACKAGED_FOLDER) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._graph: TextGraph | None = None

    def load(self) -> TextGraph:
        """Load now, for example in a thread while other things start.

        Raises:
            ModelUnavailableError: a file is missing, or not the one that the manifest tells of.
        """
        if self._graph is None:
            with self._lock:
                if self._graph is None:
                    self._graph = _open(self.folder)
        return self._graph

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self.load().columns(_OUTPUT)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts: unit vectors, (texts, dimension).

        Raises:
            ModelUnavailableError: see `load`.
        """
        (vectors,) = self.load().many(texts)
        return vectors


def write_encoder_manifest(folder: Path, max_tokens: int, **details: Any) -> None:
    """Write `manifest.json` beside a model and its tokenizer.

    Args:
        folder: holds `model.onnx` and `tokenizer.json`.
        max_tokens: how much of a text is read, [CLS] and [SEP] included.
        details: what else the manifest should tell, such as data and figures.

    Raises:
        OSError: a file is missing or cannot be written.
    """
    files = {}
    for name in _HASHED:
        data = (folder / name).read_bytes()
        files[name] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    manifest = {
        "format": _FORMAT,
        "format_version": FORMAT_VERSION,
        "max_tokens": max_tokens,
        "files": files,
        **details,
    }
    text = json.dumps(manifest, indent=1, ensure_ascii=False)
    (folder / MANIFEST).write_text(f"{text}\n", encoding="utf-8")


def _open(folder: Path) -> TextGraph:
    from onnxruntime.capi import onnxruntime_pybind11_state as errors

    mend = _mend(folder)
    try:
        manifest = json.loads(_read(folder / MANIFEST, mend))
        kind, version = manifest["format"], manifest["format_version"]
        max_tokens = int(manifest["max_tokens"])
        digests = {name: str(manifest["files"][name]["sha256"]) for name in _HASHED}
    except (ValueError, KeyError, TypeError) as error:
        raise ModelUnavailableError(
            f"{folder / MANIFEST} is not an encoder's manifest ({error!r}): {mend}"
        ) from error
    if kind != _FORMAT or version not in _READABLE:
        raise ModelUnavailableError(
            f"{folder / MANIFEST} is of format {kind!r}, version {version!r}, and this MDSA reads "
            f"{_FORMAT!r}, versions up to {FORMAT_VERSION}: {mend}"
        )
    contents = {}
    for name, expected in digests.items():
        contents[name] = _read(folder / name, mend)
        digest = hashlib.sha256(contents[name]).hexdigest()
        if digest != expected:
            raise ModelUnavailableError(
                f"{folder / name} has sha256 {digest}, not {expected}; it is damaged or was "
                f"changed: {mend}"
            )
    try:
        return TextGraph(contents[MODEL], contents[TOKENIZER].decode(), max_tokens, [_OUTPUT])
    except (
        errors.Fail,
        errors.InvalidArgument,
        errors.InvalidGraph,
        errors.InvalidProtobuf,
        errors.NotImplemented,
    ) as error:
        raise ModelUnavailableError(
            f"{folder / MODEL} does not load in this onnxruntime ({error}): {mend}"
        ) from error


def _read(path: Path, mend: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelUnavailableError(f"cannot read {path} ({error.strerror}): {mend}") from error


def _mend(folder: Path) -> str:
    if folder == PACKAGED_FOLDER.resolve() or folder == PACKAGED_FOLDER:
        return "pip install --force-reinstall --no-deps mdsa"
    return f"mdsa train encoder --out {folder}"
