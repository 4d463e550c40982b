"""Weights as integers, on tiny models of random weights."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes.tiny_language_models import save_model

from mdsa.errors import ModelUnavailableError
from mdsa.models import ModelRegistry, QuantizationType
from mdsa.models.hugging_face.quantization import find_quantization_problem, loading_arguments
from mdsa.models.hugging_face.weights import LocalWeights
from mdsa.settings import Settings


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # bitsandbytes packs the numbers of a row by 64.
    return save_model(tmp_path_factory.mktemp("plain"), width=64)


@pytest.mark.parametrize("kind", list(QuantizationType))
def test_a_quantized_model_answers(kind: QuantizationType, folder: Path) -> None:
    registry = ModelRegistry(Settings(device="cpu", quantization=kind.value))
    model = registry.get(str(folder), temperature=0, max_tokens=4)

    reply = model.invoke("hi")

    assert reply.usage_metadata is not None  # type: ignore[attr-defined] # an AIMessage
    assert reply.response_metadata["model_name"] == f"hf://{folder} ({kind})"
    assert registry.check(str(folder)).dtype == kind


@pytest.mark.parametrize("kind", list(QuantizationType))
def test_the_linear_layers_are_stored_as_integers(kind: QuantizationType, folder: Path) -> None:
    import torch

    loaded = LocalWeights(str(folder), "cpu", kind).load()

    layer = loaded.model.model.layers[0].mlp.up_proj
    assert layer.weight.dtype in {torch.int8, torch.uint8}
    assert loaded.model.get_output_embeddings().weight.dtype.is_floating_point


def test_quantized_weights_are_estimated_smaller(folder: Path) -> None:
    kinds = (None, QuantizationType.INT8)
    sizes = [LocalWeights(str(folder), "cpu", kind).estimate_bytes() for kind in kinds]

    assert sizes[1] < sizes[0]


def test_apples_gpu_is_refused_with_a_way_out() -> None:
    problem = find_quantization_problem(QuantizationType.INT8, "mps")

    assert problem is not None
    assert "MDSA_DEVICE=cpu" in problem[1]
    with pytest.raises(ModelUnavailableError, match="not on Apple's GPU"):
        loading_arguments(QuantizationType.INT4, "mps", "float16", "hf://x")
