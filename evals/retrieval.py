"""Does hybrid search find the passage that answers, and does it beat its halves?

Documents are searched by the code that serves (`mdsa.retrieval.hybrid`), whole: no chunking, no
titles. On all three sets, hybrid should be at least as good as the better of BM25 and dense.
Reciprocal rank fusion is measured beside it, as the other way to fuse the two.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray

from mdsa.embeddings import load_embeddings
from mdsa.evals.datasets import RetrievalDataset, load_dataset
from mdsa.evals.metrics import hit_at, mean, ndcg_at
from mdsa.retrieval.bm25 import tokenize
from mdsa.retrieval.hybrid import DENSE_WEIGHT, HybridIndex, Mode

__all__ = [
    "BENCHMARKS",
    "DatasetReport",
    "ModeScores",
    "Progress",
    "RetrievalReport",
    "evaluate_dataset",
    "evaluate_retrieval",
]

BENCHMARKS = ("xquad_en", "policyqa", "cranfield")
"""Sets that nothing was tuned on."""

_DEPTH = 10
_BATCH = 64

Progress = Callable[[str, int, int], None]
"""Called with (data set, texts embedded, texts in all)."""


@dataclass(frozen=True, slots=True)
class ModeScores:
    """Means over a data set's queries, each in [0, 1]; `ms` is per query, embedding apart."""

    mode: Mode
    hit_at_1: float
    hit_at_5: float
    ndcg_at_10: float
    ms: float


@dataclass(frozen=True, slots=True)
class DatasetReport:
    """How the modes do on one data set."""

    name: str
    documents: int
    queries: int
    seconds: float
    scores: list[ModeScores]

    @property
    def hybrid_loses_in(self) -> list[str]:
        """Measures in which another mode is above hybrid."""
        (hybrid,) = [scores for scores in self.scores if scores.mode == "hybrid"]
        return [
            name
            for name in ("hit_at_1", "hit_at_5", "ndcg_at_10")
            if any(getattr(scores, name) > getattr(hybrid, name) for scores in self.scores)
        ]


@dataclass(frozen=True, slots=True)
class RetrievalReport:
    """The whole evaluation."""

    embedding_model: str
    datasets: list[DatasetReport]
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        report = asdict(self)
        for entry, dataset in zip(report["datasets"], self.datasets, strict=True):
            entry["hybrid_loses_in"] = dataset.hybrid_loses_in
        return report


def evaluate_retrieval(
    data_dir: Path,
    datasets: Sequence[str] = BENCHMARKS,
    embeddings: Embeddings | None = None,
    progress: Progress | None = None,
) -> RetrievalReport:
    """Compare the modes of search on published data.

    Args:
        data_dir: holds one folder per data set; see `mdsa.evals.datasets`.
        datasets: which of them.
        embeddings: the default model if None.
        progress: see `Progress`.

    Raises:
        InvalidInputError: a data set is unknown or its files cannot be read.
    """
    started = time.perf_counter()
    chosen = embeddings or load_embeddings()
    loaded = [load_dataset(name, data_dir) for name in datasets]
    reports = [evaluate_dataset(dataset, chosen, progress) for dataset in loaded]
    name = getattr(chosen, "model_name", type(chosen).__qualname__)
    return RetrievalReport(str(name), reports, time.perf_counter() - started)


def evaluate_dataset(
    dataset: RetrievalDataset,
    embeddings: Embeddings,
    progress: Progress | None = None,
    *,
    dense_weight: float = DENSE_WEIGHT,
) -> DatasetReport:
    """Compare the modes on one data set; every text is embedded once.

    Args:
        dataset: what is searched.
        embeddings: what turns text into vectors.
        progress: see `Progress`.
        dense_weight: weight of the cosine in hybrid, for choosing it on other data.
    """
    started = time.perf_counter()
    ids = list(dataset.documents)
    texts = [*dataset.documents.values(), *dataset.queries.values()]
    vectors = _embed(dataset.name, texts, embeddings, progress)
    words = [tokenize(dataset.documents[key]) for key in ids]
    index = HybridIndex(vectors[: len(ids)], words, dense_weight=dense_weight)
    query_vectors = dict(zip(dataset.queries, vectors[len(ids) :], strict=True))
    scores = [_score(dataset, index, ids, query_vectors, mode) for mode in get_args(Mode)]
    return DatasetReport(
        dataset.name, len(ids), len(dataset.queries), time.perf_counter() - started, scores
    )


def _score(
    dataset: RetrievalDataset,
    index: HybridIndex,
    ids: Sequence[str],
    query_vectors: dict[str, NDArray[np.float32]],
    mode: Mode,
) -> ModeScores:
    started = time.perf_counter()
    rankings = {
        key: [
            ids[hit.position] for hit in index.search(query, query_vectors[key], _DEPTH, mode=mode)
        ]
        for key, query in dataset.queries.items()
    }
    spent = time.perf_counter() - started
    pairs = [(rankings[key], dataset.gains[key]) for key in dataset.queries]
    return ModeScores(
        mode,
        mean([hit_at(ranking, gains, 1) for ranking, gains in pairs]),
        mean([hit_at(ranking, gains, 5) for ranking, gains in pairs]),
        mean([ndcg_at(ranking, gains, _DEPTH) for ranking, gains in pairs]),
        1000 * spent / max(len(pairs), 1),
    )


def _embed(
    name: str, texts: list[str], embeddings: Embeddings, progress: Progress | None
) -> NDArray[np.float32]:
    rows: list[list[float]] = []
    for start in range(0, len(texts), _BATCH):
        rows += embeddings.embed_documents(texts[start : start + _BATCH])
        if progress:
            progress(name, len(rows), len(texts))
    vectors = np.asarray(rows, np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)
