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

__all__ = ["Linear", "Pooling", "build_bert"]

Pooling = Literal["mean", "cls", "pooler", "none"]
Linear = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Weight (outputs, inputs) and bias (outputs,) of a linear layer."""

_OPSET = 23
_IR_VERSION = 11
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
    projection: Linear | None = None,
    classifier: Linear | None = None,
    normalize: bool = True,
    quantize: bool = True,
    tokens: bool = False,
) -> onnx.ModelProto:
    """Write the graph of a BERT encoder.

    The graph's input is `input_ids`, int64 of shape (batch, tokens); all tokens are of segment 0.
    There is no mask: texts of a batch must have the same number of tokens. (Measured: a mask of
    ones took an eighth of the time of a short message.) The output is `embedding`, float32: (batch,
    width), or (batch, tokens, hidden) without pooling. With a classifier there is a second output,
    `logits`, float32 (batch, labels), and with tokens one more, `tokens`, float32 (batch, tokens,
    hidden). It uses onnxruntime's dynamically quantized products, and needs its version 1.25 or
    later: older ones refuse it, and their attention was wrong.
    Constants bear the names of the weights they hold.

    Args:
        config: what the model's config.json says.
        weights: the state dict, names with or without the prefix `bert.`.
        pooling: how the tokens' vectors become one; `pooler` is BERT's own, tanh over [CLS].
        projection: a linear layer after pooling, kept in float32.
        classifier: a linear layer over the pooled vector as it is before projection and scaling.
        normalize: scale the pooled vector to length 1.
        quantize: store and multiply linear layers as integers (a quarter of the size and about
            half the time on a CPU); activations are quantized at run time, per tensor.
        tokens: also put out each token's vector, before pooling.

    Raises:
        ValueError: an architecture that this graph does not cover, or a head without pooling.
        KeyError: a weight is missing.
    """
    _check(config)
    if pooling == "none" and (projection is not None or classifier is not None):
        raise ValueError("a projection or classifier needs pooling")
    writer = _GraphWriter(_plain_names(weights), quantize)
    hidden = int(config["hidden_size"])
    epsilon = float(config.get("layer_norm_eps", 1e-12))
    output = _encode(writer, config, epsilon)
    outputs: list[onnx.ValueInfoProto] = []
    if tokens:
        writer.op("Identity", [output], name="tokens")
        outputs.append(_value("tokens", ["batch", "tokens", hidden]))
    width = hidden
    if pooling != "none":
        output = _pool(writer, output, pooling)
        if classifier is not None:
            writer.op("Identity", [writer.dense(output, classifier, "classifier")], name="logits")
            outputs.append(_value("logits", ["batch", len(classifier[1])]))
        if projection is not None:
            output, width = writer.dense(output, projection, "projection"), len(projection[1])
        if normalize:
            output = writer.op("LpNormalization", [output], axis=-1, p=2)
    writer.op("Identity", [output], name="embedding")
    shape: list[str | int | None] = (
        ["batch", "tokens", hidden] if pooling == "none" else ["batch", width]
    )
    outputs.insert(0, _value("embedding", shape))
    graph = helper.make_graph(
        writer.nodes,
        "bert",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "tokens"])],
        outputs,
        writer.constants,
    )
    return helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", _OPSET), helper.make_opsetid(_CONTRIB, 1)],
        ir_version=_IR_VERSION,
    )


def _value(name: str, shape: Sequence[str | int | None]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


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

    def constant(self, array: NDArray[Any], name: str = "") -> str:
        name = name or f"constant_{len(self.constants)}"
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
        """One linear layer, or several that read the same input, side by side."""
        matrix = np.concatenate([self.weights[f"{prefix}.weight"] for prefix in prefixes])
        bias = np.concatenate([self.weights[f"{prefix}.bias"] for prefix in prefixes])
        name = "+".join(prefixes)
        if not self.quantize:
            return self.dense(x, (matrix, bias), name)
        integers, scales, offset = self.quantized(matrix, bias, name)
        return self.op("DynamicQuantizeMatMul", [x, integers, scales, "", offset], domain=_CONTRIB)

    def attention(self, x: str, prefix: str, heads: int) -> str:
        """Multi-head attention, of which queries, keys and values come from one product.

        ONNX's own operator gives what onnxruntime's QAttention does, to the bit, and takes a third
        of its time in batches. (Its MultiHeadAttention and separate products are slower too.)
        """
        joined = self.linear(x, *(f"{prefix}.{part}" for part in ("query", "key", "value")))
        width = len(self.weights[f"{prefix}.query.bias"])
        sizes = self.constant(np.full(3, width, np.int64))
        parts = [f"tensor_{len(self.nodes)}_{part}" for part in ("q", "k", "v")]
        self.nodes.append(helper.make_node("Split", [joined, sizes], parts, axis=-1))
        return self.op("Attention", parts, q_num_heads=heads, kv_num_heads=heads)

    def quantized(
        self, matrix: NDArray[np.float32], bias: NDArray[np.float32], name: str
    ) -> tuple[str, str, str]:
        """A layer's constants: integers (inputs, outputs), scales (outputs,) and bias."""
        integers, scales = quantize_rows(matrix, LINEAR_LEVELS)
        return (
            self.constant(integers.T, f"{name}.weight"),
            self.constant(scales, f"{name}.scale"),
            self.constant(bias, f"{name}.bias"),
        )

    def dense(self, x: str, layer: Linear, name: str) -> str:
        """A product in float32."""
        product = self.op("MatMul", [x, self.constant(layer[0].T, f"{name}.weight")])
        return self.op("Add", [product, self.constant(layer[1], f"{name}.bias")])

    def layer_norm(self, x: str, prefix: str, epsilon: float) -> str:
        scale = self.constant(self.weights[f"{prefix}.weight"], f"{prefix}.weight")
        bias = self.constant(self.weights[f"{prefix}.bias"], f"{prefix}.bias")
        return self.op("LayerNormalization", [x, scale, bias], axis=-1, epsilon=epsilon)

    def lookup(self, indices: str, table: str) -> str:
        if not self.quantize:
            return self.op("Gather", [self.constant(self.weights[table], table), indices])
        integers, scales = quantize_rows(self.weights[table], TABLE_LEVELS)
        rows = self.op("Gather", [self.constant(integers, table), indices])
        row_scales = self.op("Gather", [self.constant(scales[:, None], f"{table}.scale"), indices])
        return self.op("Mul", [self.op("Cast", [rows], to=TensorProto.FLOAT), row_scales])


def _encode(writer: _GraphWriter, config: Mapping[str, Any], epsilon: float) -> str:
    heads = int(config["num_attention_heads"])
    activation, attributes = _ACTIVATIONS[config.get("hidden_act", "gelu")]
    x = _embed(writer, epsilon)
    for layer in range(int(config["num_hidden_layers"])):
        prefix = f"encoder.layer.{layer}"
        attended = writer.attention(x, f"{prefix}.attention.self", heads)
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
        + writer.weights["embeddings.token_type_embeddings.weight"][0],
        "embeddings.position_embeddings.weight",
    )
    tokens = writer.op("Shape", ["input_ids"], start=1, end=2)
    first = writer.constant(np.array([0], np.int64))
    positions = writer.op("Slice", [table, first, tokens])
    x = writer.op("Add", [words, positions])
    return writer.layer_norm(x, "embeddings.LayerNorm", epsilon)


def _pool(writer: _GraphWriter, x: str, pooling: Pooling) -> str:
    if pooling in ("cls", "pooler"):
        first = writer.op("Gather", [x, writer.constant(np.array(0, np.int64))], axis=1)
        if pooling == "cls":
            return first
        dense = (writer.weights["pooler.dense.weight"], writer.weights["pooler.dense.bias"])
        return writer.op("Tanh", [writer.dense(first, dense, "pooler.dense")])
    tokens = writer.constant(np.array([1], np.int64))
    return writer.op("ReduceMean", [x, tokens], keepdims=0)
