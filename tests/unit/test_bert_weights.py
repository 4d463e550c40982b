"""Weights read back from the graph are those that were written, up to their rounding."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from mdsa.embeddings.bert_graph import build_bert
from mdsa.embeddings.bert_weights import read_bert

CONFIG = BertConfig(
    vocab_size=50,
    hidden_size=12,
    num_hidden_layers=2,
    num_attention_heads=3,
    intermediate_size=20,
    max_position_embeddings=16,
)


@pytest.fixture
def weights() -> dict[str, np.ndarray]:
    torch.manual_seed(0)
    model = BertModel(CONFIG, add_pooling_layer=False)
    state = {name: value.numpy() for name, value in model.state_dict().items()}
    generator = np.random.default_rng(0)
    return {
        name: value + generator.normal(0, 0.1, value.shape).astype(np.float32)
        for name, value in state.items()
        if value.dtype == np.float32
    }


@pytest.mark.parametrize(("quantize", "tolerance"), [(False, 1e-6), (True, 0.02)])
def test_weights_come_back(
    weights: dict[str, np.ndarray], quantize: bool, tolerance: float
) -> None:
    projection = (np.ones((5, 12), np.float32), np.arange(5, dtype=np.float32))
    graph = build_bert(CONFIG.to_dict(), weights, projection=projection, quantize=quantize)
    found = read_bert(graph.SerializeToString())
    assert found.keys() == weights.keys() | {"projection.weight", "projection.bias"}
    # The graph folds segment 0 into the positions.
    segments = weights.pop("embeddings.token_type_embeddings.weight")
    weights["embeddings.position_embeddings.weight"] += segments[0]
    for name, expected in weights.items():
        np.testing.assert_allclose(found[name], expected, atol=tolerance, err_msg=name)
    np.testing.assert_array_equal(found["projection.weight"], projection[0])


def test_the_restored_model_gives_the_graphs_vectors(weights: dict[str, np.ndarray]) -> None:
    import onnxruntime

    data = build_bert(CONFIG.to_dict(), weights).SerializeToString()
    model = BertModel(CONFIG, add_pooling_layer=False).eval()
    model.load_state_dict({name: torch.tensor(a) for name, a in read_bert(data).items()})
    ids = np.array([[1, 7, 30, 2]])
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    (vector,) = session.run(None, {"input_ids": ids})[0]
    with torch.no_grad():
        mean = model(torch.from_numpy(ids)).last_hidden_state[0].mean(dim=0)
    expected = torch.nn.functional.normalize(mean, dim=0).numpy()
    assert float(vector @ expected) > 0.99
