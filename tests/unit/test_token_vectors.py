"""Vectors of tokens: from the packaged encoder, and remembered."""

from __future__ import annotations

import random

import numpy as np
import pytest
from langchain_core.embeddings import Embeddings

from mdsa.embeddings import load_embeddings
from mdsa.embeddings.token_vectors import TokenVectors, token_embeddings
from mdsa.evals.reader_data import blur_words, moved_spans
from mdsa.models.passages import Passage
from mdsa.models.reader.encoder import CachedEncoder
from mdsa.models.reader.extraction import extract
from mdsa.models.reader.features import Question
from tests.fakes.bag_of_words import encode


class _BagOfWords(Embeddings):
    """Tells nothing of tokens."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        rows: list[list[float]] = encode(texts).tolist()
        return rows

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


class _Counting(_BagOfWords):
    """Gives every text one token of 8 numbers, and counts the texts."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def embed_tokens(self, texts: list[str]) -> list[TokenVectors]:
        self.seen += texts
        whole, token = np.ones(1, np.float32), np.ones((1, 8), np.float16)
        return [TokenVectors(whole, token, ((0, len(text)),)) for text in texts]


def test_a_texts_vector_is_the_same_with_its_tokens() -> None:
    embeddings = load_embeddings()
    tokens = token_embeddings(embeddings)
    assert tokens is not None

    found, empty = tokens.embed_tokens(["Refunds take 5 days.", ""])

    assert found.text == pytest.approx(embeddings.embed_query("Refunds take 5 days."), abs=1e-6)
    assert np.linalg.norm(found.tokens.astype(np.float32), axis=1) == pytest.approx(1, abs=1e-2)
    assert ["Refunds take 5 days."[a:b] for a, b in found.spans][-4:] == [
        "take",
        "5",
        "days",
        ".",
    ]
    assert len(empty.tokens) == len(empty.spans) > 0


def test_tokens_are_remembered_up_to_a_size() -> None:
    embeddings = _Counting()
    encoder = CachedEncoder(embeddings, token_bytes=2 * 16)

    for texts in (["one", "two"], ["one"], ["three"], ["one"], ["two"]):
        assert encoder.encode_tokens(texts) is not None

    assert embeddings.seen == ["one", "two", "three", "two"]


def test_an_encoder_without_tokens_still_finds_the_sentence() -> None:
    encoder = CachedEncoder(_BagOfWords())
    passage = Passage(1, "Lamps", "The blue lamp costs $25. Shipping takes three days.")

    found = extract(
        Question("How much does the blue lamp cost?"),
        [passage],
        encoder,
        threshold=0.0,
        max_sentences=1,
    )

    assert encoder.encode_tokens(["lamp"]) is None
    assert found.text == "The blue lamp costs $25."


def test_spans_follow_the_words_that_were_made_unknown() -> None:
    question = "Where's the great bridge, and 5 old towers?"
    blurred = blur_words(question, random.Random(0), share=1.0)
    spans = [(question.index(w), question.index(w) + len(w)) for w in ("the", "bridge", "5", "?")]

    moved = moved_spans(spans, question, blurred)

    assert "bridgeqz" in blurred
    assert [blurred[start:end] for start, end in moved] == ["the", "bridge", "5", "?"]
