"""A BERT encoder as an ONNX graph, written from its configuration and weights.

Exporting through torch would cost every install seconds of import and gigabytes; an encoder is
small enough to write down (Devlin et al. 2019, "BERT"; layers as in Hugging Face's `BertModel`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from mdsa.embeddings.quantization import LINEAR_LEVELS, TABLE_LEVELS, quantize_rows

__all__ = ["Pooling", "build_bert"]

Pooling = Literal["mean", "cls", "none"]

_OPSET = 20
_IR_VERSION = 10
_CONTRIB = "com.microsoft"
_ACTIVATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "gelu": ("Gelu", {}),
    "gelu_new": ("Gelu", {"approximate": "tanh"}),
    "relu": ("Relu", {}),
}


def build_bert(
    config: Mapping[str, Any],
    weights: Mapping[str, NDArray[np.float32]],
    *,
    pooling: Pooling = "mean",
    normalize: bool = True,
    quantize: bool = True,
) -> onnx.ModelProto:
    """Write the graph of a BERT encoder.

    Inputs of the graph are `input_ids` and `attention_mask`, int64 of shape (batch, tokens). All
    tokens are of segment 0. The output is `embedding`, float32: (batch, hidden) for the poolings
    `mean` and `cls`, or (batch, tokens, hidden) for `none`. It needs onnxruntime, whose fused
    attention and dynamically quantized products it uses.

    Args:
        config: what the model's config.json says.
        weights: the state dict, names with or without the prefix `bert.`.
        pooling: how the tokens' vectors become one.
        normalize: scale the pooled vector to length 1.
        quantize: store and multiply linear layers as integers (a quarter of the size and about
            half the time on a CPU); activations are quantized at run time, per tensor.

    Raises:
        ValueError: an architecture that this graph does not cover.
        KeyError: a weight is missing.
    """
    _check(config)
    writer = _GraphWriter(_plain_names(weights), quantize)
    hidden = int(config["hidden_size"])
    epsilon = float(config.get("layer_norm_eps", 1e-12))
    output = _encode(writer, config, epsilon)
    if pooling != "none":
        output = _pool(writer, output, pooling)
        if normalize:
            output = writer.op("LpNormalization", [output], axis=-1, p=2)
    writer.op("Identity", [output], name="embedding")
    shape: list[str | int | None] = (
        ["batch", "tokens", hidden] if pooling == "none" else ["batch", hidden]
    )
    graph = helper.make_graph(
        writer.nodes,
        "bert",
        [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
            for name in ("input_ids", "attention_mask")
        ],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, shape)],
        writer.constants,
    )
    return helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", _OPSET), helper.make_opsetid(_CONTRIB, 1)],
        ir_version=_IR_VERSION,
    )


def _check(config: Mapping[str, Any]) -> None:
    if config.get("model_type", "bert") != "bert":
        raise ValueError(f"model_type {config['model_type']!r} is not 'bert'")
    if config.get("position_embedding_type", "absolute") != "absolute":
        raise ValueError(
            f"position_embedding_type {config['position_embedding_type']!r} is not 'absolute'"
        )
    if config.get("hidden_act", "gelu") not in _ACTIVATIONS:
        raise ValueError(
            f"hidden_act {config['hidden_act']!r} is none of {', '.join(sorted(_ACTIVATIONS))}"
        )


def _plain_names(weights: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    """Drop the prefix of checkpoints with a head, and the names of TensorFlow's LayerNorm."""
    return {
        name.removeprefix("bert.")
        .replace("LayerNorm.gamma", "LayerNorm.weight")
        .replace("LayerNorm.beta", "LayerNorm.bias"): array
        for name, array in weights.items()
    }


class _GraphWriter:
    """Collects nodes and constants; every method returns the name of the value it makes."""

    def __init__(self, weights: Mapping[str, NDArray[np.float32]], quantize: bool) -> None:
        self.weights = weights
        self.quantize = quantize
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, array: NDArray[Any]) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array, order="C"), name))
        return name

    def op(
        self,
        kind: str,
        inputs: Sequence[str],
        *,
        name: str = "",
        domain: str = "",
        **attributes: Any,
    ) -> str:
        output = name or f"tensor_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], domain=domain, **attributes))
        return output

    def linear(self, x: str, *prefixes: str) -> str:
        """One product for one layer, or for several that read the same input, side by side."""
        matrix = np.concatenate([self.weights[f"{prefix}.weight"] for prefix in prefixes])
        bias = self.constant(
            np.concatenate([self.weights[f"{prefix}.bias"] for prefix in prefixes])
        )
        if not self.quantize:
            return self.op("Add", [self.op("MatMul", [x, self.constant(matrix.T)]), bias])
        integers, scales = quantize_rows(matrix, LINEAR_LEVELS)
        return self.op(
            "DynamicQuantizeMatMul",
            [x, self.constant(integers.T), self.constant(scales), "", bias],
            domain=_CONTRIB,
        )

    def layer_norm(self, x: str, prefix: str, epsilon: float) -> str:
        scale = self.constant(self.weights[f"{prefix}.weight"])
        bias = self.constant(self.weights[f"{prefix}.bias"])
        return self.op("LayerNormalization", [x, scale, bias], axis=-1, epsilon=epsilon)

    def lookup(self, indices: str, table: str) -> str:
        if not self.quantize:
            return self.op("Gather", [self.constant(self.weights[table]), indices])
        integers, scales = quantize_rows(self.weights[table], TABLE_LEVELS)
        rows = self.op("Gather", [self.constant(integers), indices])
        row_scales = self.op("Gather", [self.constant(scales[:, None]), indices])
        return self.op("Mul", [self.op("Cast", [rows], to=TensorProto.FLOAT), row_scales])


def _encode(writer: _GraphWriter, config: Mapping[str, Any], epsilon: float) -> str:
    heads = int(config["num_attention_heads"])
    activation, attributes = _ACTIVATIONS[config.get("hidden_act", "gelu")]
    split = writer.constant(np.full(3, int(config["hidden_size"]), np.int64))
    mask = writer.op("Cast", ["attention_mask"], to=TensorProto.INT32)
    x = _embed(writer, epsilon)
    for layer in range(int(config["num_hidden_layers"])):
        prefix = f"encoder.layer.{layer}"
        parts = [f"{prefix}.attention.self.{part}" for part in ("query", "key", "value")]
        joined = writer.linear(x, *parts)
        names = [f"{part}_{layer}" for part in ("query", "key", "value")]
        writer.nodes.append(helper.make_node("Split", [joined, split], names, axis=-1))
        attended = writer.op(
            "MultiHeadAttention", [*names, "", mask], domain=_CONTRIB, num_heads=heads
        )
        attended = writer.linear(attended, f"{prefix}.attention.output.dense")
        x = writer.op("Add", [attended, x])
        x = writer.layer_norm(x, f"{prefix}.attention.output.LayerNorm", epsilon)
        inner = writer.linear(x, f"{prefix}.intermediate.dense")
        inner = writer.op(activation, [inner], **attributes)
        x = writer.op("Add", [writer.linear(inner, f"{prefix}.output.dense"), x])
        x = writer.layer_norm(x, f"{prefix}.output.LayerNorm", epsilon)
    return x


def _embed(writer: _GraphWriter, epsilon: float) -> str:
    words = writer.lookup("input_ids", "embeddings.word_embeddings.weight")
    table = writer.constant(
        writer.weights["embeddings.position_embeddings.weight"]
        + writer.weights["embeddings.token_type_embeddings.weight"][0]
    )
    tokens = writer.op("Shape", ["input_ids"], start=1, end=2)
    first = writer.constant(np.array([0], np.int64))
    positions = writer.op("Slice", [table, first, tokens])
    x = writer.op("Add", [words, positions])
    return writer.layer_norm(x, "embeddings.LayerNorm", epsilon)


def _pool(writer: _GraphWriter, x: str, pooling: Pooling) -> str:
    if pooling == "cls":
        return writer.op("Gather", [x, writer.constant(np.array(0, np.int64))], axis=1)
    mask = writer.op("Cast", ["attention_mask"], to=TensorProto.FLOAT)
    wide = writer.op("Unsqueeze", [mask, writer.constant(np.array([2], np.int64))])
    tokens = writer.constant(np.array([1], np.int64))
    total = writer.op("ReduceSum", [writer.op("Mul", [x, wide]), tokens], keepdims=0)
    count = writer.op("ReduceSum", [mask, tokens], keepdims=1)
    return writer.op("Div", [total, count])
