"""Fits how far documents speak for a domain where the router's scores leave the gate unsure.

    python -m mdsa.evals.knowledge_evidence --data-dir DATA --dev evals/data/reader_dev.json

Three made-up organisations are three domains, with a description, four keywords and their documents
each. Messages are the questions about them, in other words than the documents, and CLINC150's
out-of-scope *training* messages. For each message that the gate does not settle by the router's
scores, a logistic regression on the best document's similarity and its margin to the next domain's
tells whether the best document's domain is right. Printed are its weights, for
`mdsa.nodes.knowledge_evidence`, and what evidence changes at several thresholds, each organisation
judged by a fit without it.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from mdsa.domains import DomainConfig
from mdsa.embeddings import load_embeddings
from mdsa.errors import InvalidInputError
from mdsa.graph.context import RunContext
from mdsa.nodes.classify import Turn, classify_turns
from mdsa.nodes.gate import decide, searched
from mdsa.nodes.knowledge_evidence import find_evidence
from mdsa.retrieval.knowledge_base import KnowledgeBase
from mdsa.router.opening import open_router
from mdsa.training.reader_data import document_chunks

__all__ = ["Unsure", "cross_fitted", "main", "unsure_messages"]

_TOP_K = 5
_PENALTY_INVERSE = 10.0
_THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)
_OUTSIDE = "intent/clinc150/oos_train.jsonl"


class Unsure(NamedTuple):
    """A message that the router's scores do not settle.

    Attributes:
        fold: number of the organisation; of an out-of-scope message, one of them at random.
        inside: it asks about an organisation.
        decision: the gate's, by the scores.
        right_before: that decision asks the right domain and no other.
        right_after: the best document is of the right domain.
        features: similarity and margin.
    """

    fold: int
    inside: bool
    decision: str
    right_before: bool
    right_after: bool
    features: tuple[float, float]


def unsure_messages(
    organisations: Sequence[dict[str, Any]], outside: Sequence[str]
) -> list[Unsure]:
    """Route the messages, and search the documents for those that are left unsure."""
    router = open_router()
    names = [f"organisation_{number}" for number in range(len(organisations))]
    for name, each in zip(names, organisations, strict=True):
        config = DomainConfig(name=name, description=each["description"], keywords=each["keywords"])
        router.add_domain(config.router_domain())
    with (
        tempfile.TemporaryDirectory() as folder,
        KnowledgeBase(Path(folder), load_embeddings()) as knowledge,
    ):
        for name, each in zip(names, organisations, strict=True):
            knowledge.add(document_chunks(each["documents"]), domain=name)
        retrievers = {name: knowledge.retriever(name, k=_TOP_K) for name in names}
        messages = list(_messages(organisations, outside))
        found = classify_turns(router, [Turn(text) for text, _, _ in messages], names)
        unsure = []
        for (text, fold, inside), classification in zip(messages, found, strict=True):
            verdict = decide(classification, RunContext())
            if not verdict.unsure:
                continue
            evidence = find_evidence(text, searched(verdict, retrievers))
            if evidence is None:
                raise InvalidInputError("an organisation of the file has no documents")
            unsure.append(
                Unsure(
                    fold=fold,
                    inside=inside,
                    decision=verdict.route["decision"],
                    right_before=inside and verdict.route["domains"] == [names[fold]],
                    right_after=inside and evidence.domain == names[fold],
                    features=(evidence.similarity, evidence.margin),
                )
            )
    return unsure


def _messages(
    organisations: Sequence[dict[str, Any]], outside: Sequence[str]
) -> Iterator[tuple[str, int, bool]]:
    for number, each in enumerate(organisations):
        for row in each["questions"]:
            yield row["question"], number, True
    draw = random.Random(0)
    for text in outside:
        yield text, draw.randrange(len(organisations)), False


def cross_fitted(rows: Sequence[Unsure]) -> NDArray[np.float64]:
    """Probability that the best document's domain is right, by a fit without the row's fold."""
    folds = np.array([row.fold for row in rows])
    features, labels = _arrays(rows)
    found = np.zeros(len(rows))
    for fold in set(folds.tolist()):
        model = _fitted(features[folds != fold], labels[folds != fold])
        found[folds == fold] = model.predict_proba(features[folds == fold])[:, 1]
    return found


def _arrays(rows: Sequence[Unsure]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    return np.array([row.features for row in rows]), np.array([row.right_after for row in rows])


def _fitted(features: NDArray[np.float64], labels: NDArray[np.bool_]) -> LogisticRegression:
    return LogisticRegression(C=_PENALTY_INVERSE, max_iter=1000).fit(features, labels)


def _table(rows: Sequence[Unsure]) -> Iterator[str]:
    probabilities = cross_fitted(rows)
    inside = sum(row.inside for row in rows)
    yield f"{inside} of scope's messages unsure, and {len(rows) - inside} out of scope"
    yield "threshold  settled  right  before  out of scope"
    for threshold in _THRESHOLDS:
        taken = [row for row, p in zip(rows, probabilities, strict=True) if p >= threshold]
        settled = sum(row.inside for row in taken)
        right = sum(row.right_after for row in taken)
        before = sum(row.right_before for row in taken)
        yield (f"{threshold:9.2f}{settled:9d}{right:7d}{before:8d}{len(taken) - settled:14d}")
    model = _fitted(*_arrays(rows))
    similarity, margin = model.coef_[0]
    yield f"similarity {similarity:.2f}, margin {margin:.2f}, intercept {model.intercept_[0]:.2f}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--dev", type=Path, default=Path("evals/data/reader_dev.json"))
    given = parser.parse_args(arguments)
    try:
        organisations = json.loads(given.dev.read_text(encoding="utf-8"))["organisations"]
        lines = (given.data_dir / _OUTSIDE).read_text(encoding="utf-8").splitlines()
        outside = [json.loads(line)["text"] for line in lines]
    except (OSError, ValueError, KeyError) as error:
        raise InvalidInputError(f"the questions cannot be read: {error}") from error
    for line in _table(unsure_messages(organisations, outside)):
        sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
