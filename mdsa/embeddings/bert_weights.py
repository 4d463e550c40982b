"""The weights of an ONNX encoder as `mdsa.embeddings.bert_graph` writes it, as a state dict."""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

__all__ = ["read_bert"]

_TABLE = "embeddings.word_embeddings.weight"
_POSITIONS = "embeddings.position_embeddings.weight"
_SEGMENTS = "embeddings.token_type_embeddings.weight"
_SEGMENT_COUNT = 2


def read_bert(model: bytes) -> dict[str, NDArray[np.float32]]:
    """Undo what `build_bert` does to the weights, up to their rounding to integers.

    The graph holds the embedding of segment 0 within the position table; the segment table comes
    back as zeros.

    Args:
        model: the serialised graph.

    Returns:
        Float32 arrays under the names of Hugging Face's `BertModel`; a projection or classifier
        under `projection.` and `classifier.`.

    Raises:
        KeyError: the graph is not one that `build_bert` wrote.
    """
    graph = onnx.load_model_from_string(model).graph
    arrays = {entry.name: numpy_helper.to_array(entry) for entry in graph.initializer}
    weights: dict[str, NDArray[np.float32]] = {}
    for name, array in arrays.items():
        layer, _, kind = name.rpartition(".")
        if name == _TABLE:
            weights[name] = _restored(array, arrays.get(f"{name}.scale"))
        elif kind == "weight" and f"{layer}.bias" in arrays and array.ndim > 1:
            scale = arrays.get(f"{layer}.scale")
            matrix = _restored(array.T, None if scale is None else scale[:, None])
            _share_out(weights, layer, matrix, arrays[f"{layer}.bias"])
        elif kind == "weight" or (kind == "bias" and arrays[f"{layer}.weight"].ndim == 1):
            weights[name] = np.asarray(array, np.float32)
    weights[_SEGMENTS] = np.zeros((_SEGMENT_COUNT, weights[_POSITIONS].shape[1]), np.float32)
    return weights


def _restored(array: NDArray[np.generic], scale: NDArray[np.generic] | None) -> NDArray[np.float32]:
    values = np.asarray(array, np.float32)
    return values if scale is None else values * np.asarray(scale, np.float32)


def _share_out(
    weights: dict[str, NDArray[np.float32]],
    joined: str,
    matrix: NDArray[np.float32],
    bias: NDArray[np.generic],
) -> None:
    """Layers that read the same input are one product in the graph."""
    names = joined.split("+")
    parts = np.split(matrix, len(names)), np.split(np.asarray(bias, np.float32), len(names))
    for name, part, part_bias in zip(names, *parts, strict=True):
        weights[f"{name}.weight"] = part
        weights[f"{name}.bias"] = part_bias
