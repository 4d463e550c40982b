"""The corpus: train parts only, each text once, and clear words about what is missing."""

from __future__ import annotations

import random
from itertools import islice
from pathlib import Path

import pytest
from fakes.encoder_data import write_encoder_data

from mdsa.errors import InvalidInputError
from mdsa.training.batches import text_batches
from mdsa.training.corpus import random_spans, read_corpus


def test_texts_come_once_and_from_the_train_parts(tmp_path: Path) -> None:
    write_encoder_data(tmp_path)
    corpus = read_corpus(tmp_path)
    texts = [text for source in corpus.values() for text in source]
    assert len(texts) == len(set(texts))
    assert "held out" not in " ".join(texts)
    assert corpus["intent/banking77 (train)"]


def test_only_what_users_say_is_taken_of_dialogues(tmp_path: Path) -> None:
    write_encoder_data(tmp_path)
    dialogues = read_corpus(tmp_path)["dialogue/sgd_train"]
    assert "i want to eat out" in dialogues
    assert "where would you like to eat" not in dialogues


def test_a_missing_source_is_named(tmp_path: Path) -> None:
    write_encoder_data(tmp_path)
    (tmp_path / "intent/hwu64/train.jsonl").unlink()
    with pytest.raises(InvalidInputError, match="hwu64"):
        read_corpus(tmp_path)


def test_spans_are_phrases_of_the_texts() -> None:
    text = "please cancel the order that i made last night"
    for span in random_spans([text], 50, random.Random(0)):
        assert span in text
        assert 1 <= len(span.split()) <= 5


def test_batches_are_full_and_equal_for_equal_seeds() -> None:
    texts = [f"message number {number}" for number in range(50)]

    def first(seed: int) -> list[list[str]]:
        return list(islice(text_batches(texts, ["word"], 8, seed), 30))

    assert all(len(batch) == 8 for batch in first(1))
    assert first(1) == first(1)
    assert first(1) != first(2)
