"""Fits how far documents speak for a domain where the router's scores leave the gate unsure.

    python -m mdsa.evals.knowledge_evidence [--path evals/data/organisations/calibration]

Messages are the questions to made-up organisations, and those that none of their domains takes,
routed by descriptions, keywords and documents as well (`mdsa.evals.organisation_routing`). For each
that the gate does not settle by the scores, a logistic regression on the best document's similarity
and its margin to the next domain's tells whether the best document's domain is right. Printed are
its weights, for `mdsa.nodes.knowledge_evidence`, what evidence changes at several thresholds, each
organisation judged by a fit without it, and how far those probabilities hold, for a router that
knows the documents and for one that does not.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from mdsa.evals.organisation_messages import load_messages
from mdsa.evals.organisation_routing import Searched, Sent, send
from mdsa.router.calibration import expected_calibration_error

__all__ = ["cross_fitted", "main", "table"]

_CALIBRATION = Path(__file__).parent / "data" / "organisations" / "calibration"
_PENALTY_INVERSE = 10.0
_THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)


def cross_fitted(rows: Sequence[Sent]) -> NDArray[np.float64]:
    """Probability that the best document's domain is right, by a fit without the organisation.

    Args:
        rows: messages that were left unsure, each with evidence.
    """
    folds = np.array([row.organisation for row in rows])
    features, labels = _arrays(rows)
    found = np.zeros(len(rows))
    for fold in set(folds.tolist()):
        model = _fitted(features[folds != fold], labels[folds != fold])
        found[folds == fold] = model.predict_proba(features[folds == fold])[:, 1]
    return found


def _arrays(rows: Sequence[Sent]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    told = [(row.evidence, row.domain) for row in rows if row.evidence is not None]
    features = np.array([(evidence.similarity, evidence.margin) for evidence, _ in told])
    return features, np.array([evidence.domain == domain for evidence, domain in told])


def _fitted(features: NDArray[np.float64], labels: NDArray[np.bool_]) -> LogisticRegression:
    return LogisticRegression(C=_PENALTY_INVERSE, max_iter=1000).fit(features, labels)


def table(rows: Sequence[Sent]) -> Iterator[str]:
    """What evidence settles of messages, and the weights that were fitted to it."""
    unsure = [row for row in rows if not row.settled]
    told = [row for row in unsure if row.evidence is not None]
    inside = sum(bool(row.domain) for row in unsure)
    yield f"{inside} of scope's messages unsure, and {len(unsure) - inside} out of scope"
    probabilities = cross_fitted(told)
    features, labels = _arrays(told)
    shipped = np.array([row.evidence.probability for row in told if row.evidence is not None])
    yield "threshold  settled  right  before  out of scope"
    for threshold in _THRESHOLDS:
        taken = [row for row, p in zip(told, probabilities, strict=True) if p >= threshold]
        settled = sum(bool(row.domain) for row in taken)
        right = sum(row.evidence is not None and row.evidence.domain == row.domain for row in taken)
        before = sum(bool(row.domain) and row.asked == row.domain for row in taken)
        yield f"{threshold:9.2f}{settled:9d}{right:7d}{before:8d}{len(taken) - settled:14d}"
    yield (
        f"calibration error {expected_calibration_error(probabilities, labels):.3f}; of the "
        f"weights in use {expected_calibration_error(shipped, labels):.3f}"
    )
    model = _fitted(features, labels)
    similarity, margin = model.coef_[0]
    yield f"similarity {similarity:.2f}, margin {margin:.2f}, intercept {model.intercept_[0]:.2f}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--path", type=Path, nargs="+", default=[_CALIBRATION])
    given = parser.parse_args(arguments)
    rows: dict[bool, list[Sent]] = {True: [], False: []}
    organisations = [one for path in given.path for one in load_messages(path)]
    for number, organisation in enumerate(organisations):
        with Searched(organisation) as documents:
            for reads, sent in rows.items():
                sent += send(organisation, number, reads_documents=reads, documents=documents)
    for reads, sent in rows.items():
        sys.stdout.write(f"{'with' if reads else 'without'} documents in the router\n")
        for line in table(sent):
            sys.stdout.write(f"  {line}\n")


if __name__ == "__main__":
    main()
