"""Our BERT graph against transformers' own model, with random weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from mdsa.embeddings import load_embeddings
from mdsa.embeddings.bert_graph import Pooling, build_bert
from mdsa.errors import ModelUnavailableError

IDS = np.array([[2, 5, 9, 11, 3], [2, 7, 4, 20, 3]])


def run(model: bytes) -> np.ndarray:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run(None, {"input_ids": IDS})[0]


@pytest.fixture(scope="module", params=["gelu", "gelu_new", "relu"])
def reference(request: pytest.FixtureRequest):
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=40,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=16,
        hidden_act=request.param,
    )
    model = BertModel(config, add_pooling_layer=False).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(0, 0.3)
        hidden = model(torch.tensor(IDS)).last_hidden_state.numpy()
    weights = {f"bert.{name}": array.numpy() for name, array in model.state_dict().items()}
    return config.to_dict(), weights, hidden


def test_hidden_states_are_the_same(reference):
    config, weights, hidden = reference
    ours = run(build_bert(config, weights, pooling="none", quantize=False).SerializeToString())
    assert ours == pytest.approx(hidden, abs=2e-4)


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_a_text_is_pooled_to_one_vector(reference, pooling: Pooling):
    config, weights, hidden = reference
    model = build_bert(config, weights, pooling=pooling, normalize=False, quantize=False)
    expected = {"cls": hidden[:, 0], "mean": hidden.mean(axis=1)}[pooling]
    assert run(model.SerializeToString()) == pytest.approx(expected, abs=2e-4)


def test_quantization_keeps_the_direction(reference):
    config, weights, _ = reference
    exact = run(build_bert(config, weights, quantize=False).SerializeToString())
    model = build_bert(config, weights).SerializeToString()
    assert (exact * run(model)).sum(axis=1).min() > 0.99


def test_another_architecture_is_refused(reference):
    config, weights, _ = reference
    with pytest.raises(ValueError, match="model_type 'roberta'"):
        build_bert({**config, "model_type": "roberta"}, weights)
    with pytest.raises(ValueError, match="hidden_act 'silu'"):
        build_bert({**config, "hidden_act": "silu"}, weights)


def test_a_hub_model_that_is_not_here_names_the_command():
    with pytest.raises(ModelUnavailableError, match="hf download nobody/nothing"):
        load_embeddings("nobody/nothing").embed_query("hello")


def test_a_folder_without_a_model_is_named(tmp_path: Path):
    with pytest.raises(ModelUnavailableError, match="model folder"):
        load_embeddings(str(tmp_path)).embed_query("hello")
