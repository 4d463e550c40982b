"""Scores by words, by meaning, and by both."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mdsa.errors import InvalidInputError
from mdsa.retrieval.bm25 import BM25Index, tokenize
from mdsa.retrieval.hybrid import HybridIndex
from mdsa.retrieval.reciprocal_rank import reciprocal_rank_fusion

AXES = np.eye(4, dtype=np.float32)


def index(texts: list[str], vectors: np.ndarray) -> HybridIndex:
    return HybridIndex(vectors.astype(np.float32), [tokenize(text) for text in texts])


def test_words_are_stemmed_and_stop_words_dropped():
    assert tokenize("What are the RETURNS policies of Order_42?") == [
        "return",
        "polici",
        "order_42",
    ]
    assert tokenize("how is it?") == []


def test_bm25_is_the_formula_over_its_bound():
    documents = [["refund", "day"], ["refund", "refund", "ship"], ["ship"]]
    rarity = math.log1p((3 - 2 + 0.5) / (2 + 0.5))
    mean_length = 2
    expected = [
        rarity * count / (count + 1.5 * (1 - 0.75 + 0.75 * length / mean_length)) / rarity
        for count, length in [(1, 2), (2, 3), (0, 1)]
    ]
    assert BM25Index(documents).coverage(["refund"]) == pytest.approx(expected, rel=1e-5)


def test_unknown_words_lower_the_coverage():
    known = BM25Index([["refund"], ["ship"]])
    assert 0 < known.coverage(["refund", "zebra"])[0] < known.coverage(["refund"])[0] <= 1


@pytest.mark.parametrize("documents", [[], [[]], [[], ["word"]]])
def test_documents_without_words_score_nothing(documents: list[list[str]]):
    assert BM25Index(documents).coverage(["zebra"]).tolist() == [0.0] * len(documents)
    assert BM25Index(documents).coverage([]).tolist() == [0.0] * len(documents)


def test_hybrid_is_the_mean_of_both():
    texts = ["refund money", "ship parcel", "opening hours"]
    searched = index(texts, AXES[:3])
    vector = np.array([0.0, 0.6, 0.8, 0.0], np.float32)
    dense = {h.position: h.score for h in searched.search("refund", vector, 3, mode="dense")}
    words = {h.position: h.score for h in searched.search("refund", vector, 3, mode="bm25")}
    for hit in searched.search("refund", vector, 3):
        expected = (dense[hit.position] + words.get(hit.position, 0)) / 2
        assert hit.score == pytest.approx(expected, abs=1e-6)
        assert hit.similarity == pytest.approx(float(vector[hit.position]), abs=1e-6)


def test_reciprocal_ranks_by_hand():
    # By meaning 3, 2, 1, 0; by words 1 (both words), 0 (one of them), and the others not at all.
    texts = ["refund today", "refund money", "ship parcel", "opening hours"]
    searched = index(texts, AXES)
    vector = np.array([0.1, 0.3, 0.5, 0.8], np.float32)
    hits = searched.search("refund money", vector, 4, mode="rrf")
    most = 1 / 61 + 1 / 61
    expected = {
        1: (1 / 63 + 1 / 61) / most,
        0: (1 / 64 + 1 / 62) / most,
        3: (1 / 61) / most,
        2: (1 / 62) / most,
    }
    assert [hit.position for hit in hits] == list(expected)
    assert [hit.score for hit in hits] == pytest.approx(list(expected.values()), abs=1e-6)
    assert hits[0].similarity == pytest.approx(0.3)


def test_a_document_first_everywhere_has_fused_score_one():
    assert reciprocal_rank_fusion([np.array([2, 0, 1]), np.array([2])], 4).tolist() == (
        pytest.approx([61 / 62 / 2, 61 / 63 / 2, 1, 0])
    )
    assert reciprocal_rank_fusion([], 2).tolist() == [0, 0]


def test_ranks_are_fused_alike_whatever_is_allowed():
    searched = index(["refund", "refund now", "ship"], AXES[:3])
    vector = np.array([0.9, 0.4, 0.1, 0.0], np.float32)
    every = {h.position: h.score for h in searched.search("refund", vector, 3, mode="rrf")}
    some = searched.search("refund", vector, 3, mode="rrf", allowed=np.array([False, True, True]))
    assert {hit.position: hit.score for hit in some} == {key: every[key] for key in (1, 2)}


def test_an_unknown_mode_is_refused():
    for searched in (index(["refund"], AXES[:1]), index([], AXES[:0])):
        with pytest.raises(InvalidInputError, match="'sparse'; known are hybrid, dense, bm25, rrf"):
            searched.search("refund", AXES[0], 1, mode="sparse")


def test_results_are_sorted_and_in_range():
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(30, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    searched = index([f"word{i % 7} thing{i % 3}" for i in range(30)], vectors)
    hits = searched.search("word1 thing2", vectors[0].astype(np.float32), 10)
    assert len(hits) == 10
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert all(-1 <= hit.similarity <= 1 for hit in hits)


def test_ties_go_to_the_lower_position():
    searched = index(["refund text"] * 5, np.tile(AXES[0], (5, 1)))
    for mode in ("hybrid", "dense", "bm25", "rrf"):
        hits = searched.search("refund", AXES[0], 3, mode=mode)
        assert [hit.position for hit in hits] == [0, 1, 2]


def test_only_allowed_documents_are_found():
    searched = index(["refund", "refund now"], AXES[:2])
    hits = searched.search("refund", AXES[0], 5, allowed=np.array([False, True]))
    assert [hit.position for hit in hits] == [1]


def test_bm25_finds_nothing_without_a_shared_word():
    assert index(["refund"], AXES[:1]).search("zebra", AXES[0], 5, mode="bm25") == []


def test_an_empty_index_finds_nothing():
    assert HybridIndex(np.zeros((0, 0), np.float32), []).search("x", AXES[0], 5) == []
