"""Token ids, against those of the `tokenizers` library."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from mdsa.router.encoder import PACKAGED_FOLDER, TOKENIZER
from mdsa.router.word_pieces import WordPieces

MAX_TOKENS = 24
TEXTS = (
    "Where's my order #12-345?",
    "refund $5.00 (now), please!",
    "unbelievably xqzvw",
    "under_score a+b=c {x|y} ~`^",
    "",
    "   ",
    "word " * 60,
    "x" * 100,
    "x" * 101,
    "[CLS] where [MASK]",
    "naïve café",
    "two\nlines\tand a tab",
    "nul\0 and bell\a",
    "订单在哪里",
    "\u212aelvin İstanbul",
)


@pytest.fixture(scope="module")
def tokenizer_json() -> str:
    return (PACKAGED_FOLDER / TOKENIZER).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def library(tokenizer_json: str) -> Tokenizer:
    tokenizer = Tokenizer.from_str(tokenizer_json)
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer


def test_ids_are_those_of_the_library(tokenizer_json: str, library: Tokenizer) -> None:
    expected = [library.encode(text).ids for text in TEXTS]
    pieces = WordPieces(tokenizer_json, MAX_TOKENS)

    assert [pieces.ids(text) for text in TEXTS] == expected
    assert [pieces.ids(text) for text in TEXTS] == expected  # remembered
    assert pieces.many(TEXTS) == expected


def test_a_full_memory_begins_anew(tokenizer_json: str, library: Tokenizer) -> None:
    pieces = WordPieces(tokenizer_json, MAX_TOKENS, remembered=2)

    for _ in range(2):
        assert pieces.ids(TEXTS[0]) == library.encode(TEXTS[0]).ids


def test_a_lone_surrogate_is_read_as_a_question_mark(tokenizer_json: str) -> None:
    pieces = WordPieces(tokenizer_json, MAX_TOKENS)

    assert pieces.ids("\ud800 order") == pieces.ids("? order")


def test_another_kind_of_tokenizer_is_left_to_the_library() -> None:
    cased = Tokenizer(
        models.WordPiece({"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "Order": 3, "order": 4})
    )
    cased.normalizer = normalizers.BertNormalizer(lowercase=False)
    cased.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    cased.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))

    pieces = WordPieces(cased.to_str(), MAX_TOKENS)

    assert pieces.ids("Order order") == [1, 3, 4, 2]
