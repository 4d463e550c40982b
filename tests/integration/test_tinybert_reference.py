"""The shipped graph gives what PyTorch makes of the same weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from transformers import BertModel

from mdsa.embeddings.bert_weights import read_bert
from mdsa.router.encoder import MODEL, PACKAGED_FOLDER, TOKENIZER, load_encoder
from mdsa.training.student import load_student

TEXTS = [
    "where is my parcel",
    "I was charged twice for the flight that I cancelled last week, and nobody answers",
    "hi",
]


@pytest.fixture(scope="module")
def expected() -> list[np.ndarray]:
    config, state = load_student()
    model = BertModel(config).eval()
    model.load_state_dict(state)
    graph = read_bert((PACKAGED_FOLDER / MODEL).read_bytes())
    projection, bias = (torch.tensor(graph[f"projection.{name}"]) for name in ("weight", "bias"))
    tokenizer = Tokenizer.from_file(str(PACKAGED_FOLDER / TOKENIZER))
    tokenizer.no_padding()
    vectors = []
    for text in TEXTS:
        with torch.no_grad():
            tokens = model(torch.tensor([tokenizer.encode(text).ids])).last_hidden_state[0]
            vector = tokens.mean(dim=0) @ projection.T + bias
        vectors.append(torch.nn.functional.normalize(vector, dim=0).numpy())
    return vectors


def test_vectors_are_those_of_the_weights_up_to_rounding(expected: list[np.ndarray]) -> None:
    for text, reference in zip(TEXTS, expected, strict=True):
        assert float(load_encoder().encode([text])[0] @ reference) > 0.985


def test_a_batch_gives_them_too(expected: list[np.ndarray]) -> None:
    found = load_encoder().encode(TEXTS * 4)  # more texts than are encoded one by one

    cosines = (found * np.array(expected * 4)).sum(axis=1)

    assert cosines.min() > 0.985
    assert float(expected[0] @ expected[1]) < 0.8  # as unlike texts are not
