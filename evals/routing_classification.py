"""Figures, curves and confusions of one system on labelled rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from mdsa.evals.routing_data import IntentSet, Part
from mdsa.evals.routing_metrics import (
    area_under_risk_coverage,
    bootstrap,
    brier_scores,
    macro_f1,
    mean_of,
    reliability_bins,
    risk_coverage,
)
from mdsa.evals.routing_report import Confusion, Curve, Figure, Target
from mdsa.evals.routing_systems import Scored
from mdsa.router.calibration import expected_calibration_error

__all__ = ["calibration_curves", "classification_figures", "confusions"]

_CURVE_POINTS = 100
_EXAMPLES = 3


def classification_figures(
    data: IntentSet,
    system: str,
    scored: Scored,
    targets: Mapping[str, Target],
    resamples: int,
) -> list[Figure]:
    """Accuracy, macro-F1, ECE, Brier and AURC on the validation rows.

    The Brier score counts what a router keeps for "none of them" as one more class. It is left
    out where scores are no probabilities.

    Args:
        data: the set.
        system: how reports call the system.
        scored: what it says of the validation rows.
        targets: by name of the measure.
        resamples: of the bootstrap.
    """
    gold = scored.columns(data.validation.labels)
    best, confidence = scored.best, scored.confidence
    correct = best == gold
    estimates = {
        "accuracy": bootstrap(mean_of, correct, resamples=resamples),
        "macro-F1": bootstrap(macro_f1, gold, best, resamples=resamples),
        "ECE": bootstrap(
            lambda right, sure: expected_calibration_error(sure, right),
            correct,
            confidence,
            resamples=resamples,
        ),
        "AURC": bootstrap(area_under_risk_coverage, correct, confidence, resamples=resamples),
    }
    if scored.are_probabilities:
        rest = np.clip(1 - scored.scores.sum(axis=1, keepdims=True), 0, 1)
        rows = brier_scores(np.concatenate([scored.scores, rest], axis=1), gold)
        estimates["Brier"] = bootstrap(mean_of, rows, resamples=resamples)
    return [
        Figure(
            data.title,
            system,
            measure,
            estimate,
            "%" if measure in ("accuracy", "macro-F1") else "",
            targets.get(measure),
            len(gold),
        )
        for measure, estimate in estimates.items()
    ]


def calibration_curves(plot: str, label: str, scored: Scored, labels: Sequence[str]) -> list[Curve]:
    """The reliability diagram and the risk-coverage curve of a system.

    Args:
        plot: which plots they belong to.
        label: of the lines.
        scored: what the system says.
        labels: right label of each row; ones that the system does not know count as wrong.
    """
    known = set(scored.labels)
    correct = np.array(
        [
            right in known and scored.labels[best] == right
            for right, best in zip(labels, scored.best, strict=True)
        ]
    )
    bins = [entry for entry in reliability_bins(correct, scored.confidence) if entry.count]
    coverage, risk = risk_coverage(correct, scored.confidence)
    at = np.unique(np.linspace(0, len(coverage) - 1, _CURVE_POINTS).astype(int))
    return [
        Curve(
            plot,
            "reliability",
            label,
            [entry.confidence for entry in bins],
            [entry.accuracy for entry in bins],
            [entry.count / len(correct) for entry in bins],
        ),
        Curve(plot, "risk_coverage", label, coverage[at].tolist(), risk[at].tolist()),
    ]


def confusions(
    title: str, system: str, scored: Scored, part: Part, most: int = 10
) -> list[Confusion]:
    """Pairs of labels that are taken for each other most often, each with some of the texts."""
    rows: dict[tuple[str, str], list[str]] = defaultdict(list)
    sizes = Counter(part.labels)
    for text, right, best in zip(part.texts, part.labels, scored.best, strict=True):
        if scored.labels[best] != right:
            rows[right, scored.labels[best]].append(text)
    worst = sorted(rows.items(), key=lambda pair: (-len(pair[1]), pair[0]))[:most]
    return [
        Confusion(title, system, right, taken, len(texts), sizes[right], tuple(texts[:_EXAMPLES]))
        for (right, taken), texts in worst
    ]
