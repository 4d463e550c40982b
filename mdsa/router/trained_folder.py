"""A fine-tuned router's folder: what lies in it, and whether that is what was written.

`router.json` says what the other files are worth and holds their sha256; they are

- `model.onnx`: int8, input `input_ids` (batch, tokens), outputs `embedding` (batch, hidden) and
  `logits` (batch, labels); in version 1 there was an input `attention_mask` as well,
- `tokenizer.json`: the tokenizer, in the form of the `tokenizers` library,
- `arrays.npz`: arrays of the out-of-scope score,
- `words.txt`: words of the training texts, one a line, the most frequent first, towards which
  typing errors are mended; folders written before MDSA mended have none,
- `config.json`, `model.safetensors`, `tokenizer_config.json`: the same model for transformers'
  `AutoModelForSequenceClassification`.

`README.md`, the model card, is for people, who may edit it: it has no hash.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from mdsa.errors import ConfigError, ModelUnavailableError
from mdsa.utils.validation import describe_problems

__all__ = [
    "ARRAYS",
    "FORMAT_VERSION",
    "MANIFEST",
    "MODEL",
    "TOKENIZER",
    "WORDS",
    "FileRecord",
    "Manifest",
    "TrainedFolder",
    "is_trained_folder",
    "pack_arrays",
    "read_trained_folder",
    "write_manifest",
]

MANIFEST = "router.json"
MODEL = "model.onnx"
TOKENIZER = "tokenizer.json"
ARRAYS = "arrays.npz"
WORDS = "words.txt"
FORMAT_VERSION = 2
"""Raised when older versions of MDSA could not read a folder, or would read it wrongly."""

_READABLE = range(1, FORMAT_VERSION + 1)
_HF_FILES = ("config.json", "model.safetensors", "tokenizer_config.json")
_FILES = (MODEL, TOKENIZER, ARRAYS, *_HF_FILES)
_OPTIONAL = (WORDS,)
_AGAIN = "train it again with 'mdsa train router', or restore it from a copy."


class FileRecord(BaseModel):
    """What a file was when it was written."""

    model_config = ConfigDict(frozen=True)

    sha256: str
    bytes: int


class Manifest(BaseModel):
    """What `router.json` says.

    Attributes:
        format: tells it from other files of this name.
        format_version: see `FORMAT_VERSION`.
        labels: names of the logits, in order.
        domains: the domain of each label; the labels themselves where the rows named none. A
            domain's probability is the sum of its labels'.
        max_tokens: longer texts are cut here, [CLS] and [SEP] included.
        temperature: divides the logits before the softmax.
        out_of_scope: parameters of the out-of-scope score, as `mdsa.router.out_of_scope` has them;
            its arrays lie in `arrays.npz`.
        conformal: probability that the router gave the right domain of each row that was held out
            for this, ascending; empty where there were too few.
        files: the other files.
        training: settings, seed, versions, seconds.
        data: counts and hashes of the rows.
        metrics: measured on held-out rows at the end of training.
    """

    model_config = ConfigDict(frozen=True)

    format: Literal["mdsa-router"] = "mdsa-router"
    format_version: int = FORMAT_VERSION
    labels: tuple[str, ...] = Field(min_length=2)
    domains: tuple[str, ...]
    max_tokens: int = Field(ge=3)
    temperature: float = Field(gt=0, allow_inf_nan=False)
    out_of_scope: dict[str, Any] = {}
    conformal: tuple[Annotated[float, Field(ge=0, le=1)], ...] = ()
    files: dict[str, FileRecord] = {}
    training: dict[str, Any] = {}
    data: dict[str, Any] = {}
    metrics: dict[str, Any] = {}

    @model_validator(mode="after")
    def _one_domain_each(self) -> Self:
        if len(self.domains) != len(self.labels):
            raise ValueError(f"{len(self.labels)} labels, but {len(self.domains)} domains")
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("a label stands there twice")
        return self

    @property
    def domain_names(self) -> tuple[str, ...]:
        """Each domain once, in the order of the first label that it has."""
        return tuple(dict.fromkeys(self.domains))

    def domain_matrix(self) -> NDArray[np.float64]:
        """Ones where a label (row) belongs to a domain (column): label probabilities times this."""
        names = self.domain_names
        matrix = np.zeros((len(self.labels), len(names)))
        matrix[np.arange(len(self.labels)), [names.index(name) for name in self.domains]] = 1
        return matrix


@dataclass(frozen=True)
class TrainedFolder:
    """A folder whose files have proved to be those that were written.

    Attributes:
        path: where it lies.
        manifest: what `router.json` says.
        model: bytes of the ONNX graph.
        tokenizer_json: the tokenizer.
        packed_arrays: bytes of `arrays.npz`.
        words: of the training texts, the most frequent first; empty where none were kept.
    """

    path: Path
    manifest: Manifest
    model: bytes
    tokenizer_json: str
    packed_arrays: bytes
    words: tuple[str, ...] = ()

    @cached_property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays of the out-of-scope score."""
        with np.load(io.BytesIO(self.packed_arrays), allow_pickle=False) as packed:
            return {name: packed[name] for name in packed.files}


def pack_arrays(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Write arrays as `arrays.npz` holds them; equal arrays give equal bytes."""
    packed = io.BytesIO()
    # numpy's own savez stamps the time of day into the archive.
    with zipfile.ZipFile(packed, "w") as archive:
        for name in sorted(arrays):
            data = io.BytesIO()
            np.lib.format.write_array(data, np.ascontiguousarray(arrays[name]), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), data.getvalue())
    return packed.getvalue()


def is_trained_folder(path: Path) -> bool:
    """Whether a folder has a `router.json` of ours, whole or not."""
    try:
        found = json.loads((path / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and found.get("format") == "mdsa-router"


def write_manifest(folder: Path, manifest: Manifest) -> Manifest:
    """Hash the files of a folder that is complete but for `router.json`, and write that.

    Args:
        folder: holds the other files, `words.txt` where there are words.
        manifest: what to write; its `files` are filled in here.

    Raises:
        OSError: a file is missing or cannot be read or written.
    """
    files = {}
    for name in (*_FILES, *(name for name in _OPTIONAL if (folder / name).exists())):
        data = (folder / name).read_bytes()
        files[name] = FileRecord(sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))
    complete = manifest.model_copy(update={"files": files})
    content = complete.model_dump(mode="json")
    content["sha256"] = _digest(content)
    text = json.dumps(content, indent=1, ensure_ascii=False)
    (folder / MANIFEST).write_text(f"{text}\n", encoding="utf-8")
    return complete


def read_trained_folder(path: Path) -> TrainedFolder:
    """Read a router's folder, checking every byte against `router.json`.

    Raises:
        ConfigError: there is no such folder, or `router.json` is not of this kind or version.
        ModelUnavailableError: a file is missing, damaged or was changed.
    """
    manifest = _read_manifest(path / MANIFEST)
    missing = [name for name in _FILES if name not in manifest.files]
    if missing:
        raise ModelUnavailableError(
            f"{path / MANIFEST} gives no sha256 of {', '.join(missing)}; {_AGAIN}"
        )
    names = (*_FILES, *(name for name in _OPTIONAL if name in manifest.files))
    contents = {name: _checked(path / name, manifest.files[name]) for name in names}
    return TrainedFolder(
        path=path,
        manifest=manifest,
        model=contents[MODEL],
        tokenizer_json=contents[TOKENIZER].decode(),
        packed_arrays=contents[ARRAYS],
        words=tuple(contents.get(WORDS, b"").decode().split()),
    )


def _checked(path: Path, record: FileRecord) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelUnavailableError(f"cannot read {path} ({error.strerror}); {_AGAIN}") from error
    digest = hashlib.sha256(data).hexdigest()
    if digest != record.sha256:
        raise ModelUnavailableError(
            f"{path} has {len(data)} bytes and sha256 {digest}, not {record.bytes} and "
            f"{record.sha256}: it is damaged or was changed; {_AGAIN}"
        )
    return data


def _read_manifest(path: Path) -> Manifest:
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise ConfigError(
            f"{path.parent} is no trained router: it has no {path.name}. Give a folder that "
            "'mdsa train router' wrote."
        ) from error
    except OSError as error:
        raise ConfigError(f"cannot read {path} ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise ModelUnavailableError(f"{path} is not JSON ({error}); {_AGAIN}") from error
    if not isinstance(content, dict) or content.get("format") != "mdsa-router":
        raise ConfigError(
            f'{path} has no "format": "mdsa-router". Give a folder that \'mdsa train router\' '
            "wrote."
        )
    version = content.get("format_version")
    if version not in _READABLE:
        raise ConfigError(
            f"{path} has format_version {version!r}; this version of MDSA reads versions up to "
            f"{FORMAT_VERSION}. Train it again, or use the version of MDSA that wrote it."
        )
    stated = content.pop("sha256", None)
    if stated != _digest(content):
        raise ModelUnavailableError(f"{path} was changed after it was written; {_AGAIN}")
    try:
        return Manifest.model_validate(content)
    except ValidationError as error:
        raise ModelUnavailableError(f"{path}: {describe_problems(error)}; {_AGAIN}") from error


def _digest(content: Mapping[str, Any]) -> str:
    """Hash of a manifest without its own `sha256`, the same for every layout of the JSON."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
