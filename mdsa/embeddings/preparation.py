"""The packaged weights as a quantized ONNX file in the cache, made once per machine."""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path

import onnxruntime
from filelock import FileLock
from onnxruntime.capi import onnxruntime_pybind11_state as errors

from mdsa.embeddings.packaged import PackagedModel
from mdsa.errors import ModelUnavailableError

__all__ = ["GRAPH_VERSION", "open_session", "prepared_path"]

GRAPH_VERSION = 5
"""Part of the file's name: raise it when the graph or the quantization changes."""

_LOCK_WAIT_S = 60.0
_UNREADABLE = (
    errors.Fail,
    errors.InvalidArgument,
    errors.InvalidGraph,
    errors.InvalidProtobuf,
    errors.NotImplemented,
)
_log = logging.getLogger(__name__)


def prepared_path(cache_dir: Path, model: PackagedModel) -> Path:
    """Where the prepared file lies."""
    return cache_dir / "encoders" / f"minilm-{model.key}-v{GRAPH_VERSION}.onnx"


def open_session(
    model: PackagedModel, cache_dir: Path, *, threads: int = 1
) -> onnxruntime.InferenceSession:
    """Open the encoder, preparing it first where the cache has none that loads.

    Of several processes that start together one prepares and the others wait for its file. Where
    nothing can be written the encoder is made in memory, which costs under a second per process.

    Args:
        model: where the weights come from.
        cache_dir: folder for things that can be made again.
        threads: threads within one call.

    Raises:
        ModelUnavailableError: the weights cannot be read or are not the published ones.
    """
    path = prepared_path(cache_dir, model)
    session = _open(path, threads)
    if session is not None:
        return session
    data: bytes | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock", timeout=_LOCK_WAIT_S):
            session = _open(path, threads)
            if session is not None:
                return session
            data = _build(model)
            _write(path, data)
    except ModelUnavailableError:  # an OSError by inheritance; a cache cannot mend it
        raise
    except OSError as error:
        _log.warning(
            "cannot keep the prepared encoder at %s (%s); preparing it again in every process. "
            "Set MDSA_CACHE_DIR to a folder that can be written.",
            path,
            error,
        )
    return _session(data or _build(model), threads)


def _build(model: PackagedModel) -> bytes:
    from mdsa.embeddings.bert_graph import build_bert

    return bytes(build_bert(model.config, model.weights(), tokens=True).SerializeToString())


def _write(path: Path, data: bytes) -> None:
    """Write beside the target, then rename: a reader sees the whole file or none."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.stem}-", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _open(path: Path, threads: int) -> onnxruntime.InferenceSession | None:
    if not path.is_file():
        return None
    try:
        return _session(str(path), threads)
    except _UNREADABLE as error:
        _log.warning("preparing %s again: it does not load (%s)", path, error)
        return None


def _session(model: str | bytes, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
