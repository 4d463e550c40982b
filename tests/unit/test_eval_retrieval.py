"""Measures against examples worked by hand, and data sets as their publishers write them."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding

from mdsa.errors import InvalidInputError
from mdsa.evals.datasets import load_dataset
from mdsa.evals.metrics import hit_at, mean, ndcg_at
from mdsa.evals.retrieval import DatasetReport, ModeScores, evaluate_retrieval


def squad(folder: Path) -> None:
    folder.mkdir()
    paragraphs = [
        {"context": "Refunds take five days.", "qas": [{"question": "How long is a refund? "}]},
        {
            "context": "Parcels are shipped daily.",
            "qas": [{"question": "When are parcels shipped?"}],
        },
        {"context": "Refunds take five days.", "qas": [{"question": "When are parcels shipped?"}]},
    ]
    (folder / "xquad.en.json").write_text(json.dumps({"data": [{"paragraphs": paragraphs}]}))


def cranfield(folder: Path) -> None:
    folder.mkdir()
    (folder / "cran.all.1400.xml").write_text(
        "<doc><docno>1</docno><title>wing</title><text>wing &\nflow</text></doc>"
        "<doc><docno>2</docno><title></title><text></text></doc>"
    )
    (folder / "cran.qry.xml").write_text(
        "<xml><top><num> 1</num><title>\nwings .\n</title></top>"
        "<top><num> 4</num><title>heat</title></top></xml>"
    )
    (folder / "cranqrel.trec.txt").write_text("1 0 1 1\n1 0 2 0\n2 0 2  1\n2 0 1 -1\n")


def test_hits_count_only_to_the_depth():
    ranking = ["a", "b", "c"]
    assert hit_at(ranking, {"b": 1.0}, 1) == 0
    assert hit_at(ranking, {"b": 1.0}, 2) == 1
    assert hit_at(ranking, {"a": 0.0}, 3) == 0
    assert hit_at([], {"a": 1.0}, 5) == 0


def test_ndcg_by_hand():
    # Relevant at ranks 2 and 3 of the two that exist.
    achieved = 1 / math.log2(3) + 1 / math.log2(4)
    best = 1 / math.log2(2) + 1 / math.log2(3)
    assert ndcg_at(["x", "a", "b"], {"a": 1, "b": 1}, 10) == pytest.approx(achieved / best)
    assert ndcg_at(["x", "a", "b"], {"a": 1, "b": 1}, 2) == pytest.approx((1 / math.log2(3)) / best)
    # Grades: 3 at rank 2 and 1 at rank 1.
    assert ndcg_at(["b", "a"], {"a": 3, "b": 1}, 10) == pytest.approx(
        (1 + 3 / math.log2(3)) / (3 + 1 / math.log2(3))
    )
    assert ndcg_at(["a", "b"], {"a": 3, "b": 1}, 10) == 1
    assert ndcg_at(["a"], {}, 10) == 0


def test_mean_of_nothing_is_zero():
    assert (mean([]), mean([1, 2])) == (0, 1.5)


def test_equal_contexts_and_questions_are_one(tmp_path: Path):
    squad(tmp_path / "xquad_en")
    dataset = load_dataset("xquad_en", tmp_path)
    assert sorted(dataset.documents.values()) == [
        "Parcels are shipped daily.",
        "Refunds take five days.",
    ]
    assert sorted(dataset.queries.values()) == [
        "How long is a refund?",
        "When are parcels shipped?",
    ]
    assert sorted(len(gains) for gains in dataset.gains.values()) == [1, 2]


def test_cranfield_judgements_number_queries_by_place(tmp_path: Path):
    cranfield(tmp_path / "cranfield")
    dataset = load_dataset("cranfield", tmp_path)
    assert dataset.documents == {"1": "wing & flow", "2": ""}
    assert dataset.queries == {"1": "wings .", "2": "heat"}
    assert dataset.gains == {"1": {"1": 1.0}, "2": {"2": 1.0}}


def test_pairs_of_the_tuning_sets(tmp_path: Path):
    for name in ("covid_qa", "pubmedqa"):
        (tmp_path / name).mkdir()
    answer = "Wash your hands often, with soap, for twenty seconds."
    (tmp_path / "covid_qa" / "faq.csv").write_text(
        f'question,answer,lang\nHow?,"{answer}",en\nWie?,"{answer}",de\nWhat?,short,en\n'
    )
    (tmp_path / "pubmedqa" / "pubmedqa_first500.json").write_text(
        '{"1": {"QUESTION": "Does it?", "CONTEXTS": ["It", "does."]}}'
    )
    assert load_dataset("covid_qa", tmp_path).queries == {"q0": "How?"}
    assert load_dataset("pubmedqa", tmp_path).documents == {"d0": "It does."}


def test_what_cannot_be_read_is_named(tmp_path: Path):
    with pytest.raises(InvalidInputError, match="unknown data set 'nope'"):
        load_dataset("nope", tmp_path)
    with pytest.raises(InvalidInputError, match="cannot read cranfield"):
        load_dataset("cranfield", tmp_path)
    (tmp_path / "xquad_en").mkdir()
    (tmp_path / "xquad_en" / "xquad.en.json").write_text("[]")
    with pytest.raises(InvalidInputError, match="cannot read xquad_en"):
        load_dataset("xquad_en", tmp_path)


def test_the_report_compares_the_modes(tmp_path: Path):
    squad(tmp_path / "xquad_en")
    steps: list[tuple[str, int, int]] = []
    report = evaluate_retrieval(
        tmp_path,
        ["xquad_en"],
        DeterministicFakeEmbedding(size=8),
        lambda name, done, total: steps.append((name, done, total)),
    )
    (dataset,) = report.datasets
    assert (dataset.documents, dataset.queries) == (2, 2)
    scores = {entry.mode: entry for entry in dataset.scores}
    assert set(scores) == {"bm25", "dense", "hybrid", "rrf"}
    assert scores["bm25"].hit_at_1 == 1
    assert scores["dense"].hit_at_5 == 1
    assert steps[-1] == ("xquad_en", 4, 4)
    written = json.loads(json.dumps(report.as_dict()))
    assert written["datasets"][0]["scores"][0]["mode"] in scores


def test_the_report_says_where_hybrid_loses():
    scores = [
        ModeScores("bm25", 0.5, 0.9, 0.7, 1),
        ModeScores("dense", 0.6, 0.8, 0.6, 1),
        ModeScores("hybrid", 0.6, 0.85, 0.8, 1),
    ]
    assert DatasetReport("x", 1, 1, 1, scores).hybrid_loses_in == ["hit_at_5"]
    scores.append(ModeScores("rrf", 0.6, 0.5, 0.9, 1))
    assert DatasetReport("x", 1, 1, 1, scores).hybrid_loses_in == ["hit_at_5", "ndcg_at_10"]
