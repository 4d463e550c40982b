import random

import numpy as np
import pytest
from fakes.tiny_bert import write_tiny_bert
from tokenizers import Tokenizer

from mdsa.training.router_augment import similar_words, vary

ALIKE = [("refund", "money", "back"), ("courier", "parcel", "track")]


@pytest.fixture(scope="module")
def swaps(tmp_path_factory):
    folder = write_tiny_bert(tmp_path_factory.mktemp("tiny"))
    tokenizer_json = (folder / "tokenizer.json").read_text(encoding="utf-8")
    vocabulary = Tokenizer.from_str(tokenizer_json).get_vocab()
    table = np.random.default_rng(0).normal(size=(len(vocabulary), 64)).astype(np.float32)
    for group in ALIKE:
        present = [vocabulary[word] for word in group if word in vocabulary]
        table[present] = table[present[0]] + 0.1 * table[present]
    return similar_words(["Money back please", "track it zebra"], tokenizer_json, table)


def test_words_of_one_direction_are_similar(swaps):
    assert swaps["money"][0] == "back"
    assert swaps["back"][0] == "money"
    assert set(swaps["track"][:2]) == {"courier", "parcel"}


def test_only_words_of_the_texts_that_the_tokenizer_knows_whole_are_swapped(swaps):
    assert set(swaps) == {"money", "back", "please", "track"}
    assert all(word not in others for word, others in swaps.items())


def test_variations_exchange_some_words_and_keep_most():
    swaps = {"money": ["cash"], "back": ["return"]}
    rng = random.Random(1)  # words, no secret
    varied = [vary("Give my money back now", swaps, rng) for _ in range(300)]
    words = [word for text in varied for word in text.split()]
    assert set(words) == {"Give", "my", "money", "back", "now", "cash", "return"}
    assert 0.2 < words.count("cash") / 300 < 0.4
    assert 0.88 < words.count("Give") / 300 < 0.97
    assert all(varied)
