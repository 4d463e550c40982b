"""What a fitted router's answers are worth: temperature, out-of-scope score, sets, figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdsa.router.calibration import expected_calibration_error, fit_temperature, softmax
from mdsa.router.conformal import ConformalScores
from mdsa.router.out_of_scope import OutOfScope, class_centres, fit_out_of_scope
from mdsa.training.router_rows import Part, RouterRows

__all__ = ["Judgement", "Read", "judge_router", "measure", "training_centres"]

Read = Callable[[Sequence[str]], Sequence[NDArray[np.float32]]]
"""Texts to embeddings (texts, hidden) and logits (texts, labels)."""

_MOST_CENTRE_ROWS = 20_000


@dataclass(frozen=True)
class Judgement:
    """What goes into the folder beside the network.

    Attributes:
        temperature: divides the logits.
        out_of_scope: gives the probability of being out of scope.
        conformal: see `mdsa.router.conformal`; None without rows for it.
        figures: measured on rows that nothing was fitted on, before they too gave the temperature
            its last digit; on those for calibration where there are no others.
    """

    temperature: float
    out_of_scope: OutOfScope
    conformal: ConformalScores | None
    figures: dict[str, Any]


def judge_router(read: Read, rows: RouterRows, sums: NDArray[np.float64]) -> Judgement:
    """Calibrate a router on held-out rows and measure it.

    Args:
        read: the int8 network as it will serve.
        rows: all rows.
        sums: 1 where a label (row) belongs to a domain (column); see `Manifest.domain_matrix`.
    """
    embeddings, logits = read(rows.stop.texts)
    centres = training_centres(read, rows)
    outside = None
    if rows.outside_fit:
        outside_embeddings, outside_logits = read(rows.outside_fit)
        outside = (outside_logits, outside_embeddings)

    def score_at(temperature: float) -> OutOfScope:
        right = rows.stop.labels
        return fit_out_of_scope(
            logits, embeddings, right, centres, temperature=temperature, outside=outside
        )

    temperature = fit_temperature(logits, rows.stop.labels)
    score = score_at(temperature)
    facts = {"rows_unseen": bool(len(rows.sets)), "rows_trained_on": rows.nothing_held_out}
    if not len(rows.sets):
        figures = measure(logits, embeddings, rows.stop.labels, temperature, score, sums)
        return Judgement(temperature, score, None, {**figures, "rows": len(rows.stop), **facts})
    set_embeddings, set_logits = read(rows.sets.texts)
    figures = measure(set_logits, set_embeddings, rows.sets.labels, temperature, score, sums)
    # Of half the rows the temperature is uncertain by a tenth; measured without the other half, it
    # is then fitted on both. To the sets, one number from their own rows makes next to nothing.
    temperature = fit_temperature(
        np.concatenate([logits, set_logits]), np.append(rows.stop.labels, rows.sets.labels)
    )
    score = score_at(temperature)
    domains = _domain_probabilities(set_logits, set_embeddings, temperature, score, sums)
    conformal = ConformalScores.fit(domains, sums.argmax(axis=1)[rows.sets.labels])
    return Judgement(temperature, score, conformal, {**figures, "rows": len(rows.sets), **facts})


def training_centres(read: Read, rows: RouterRows) -> NDArray[np.float32]:
    """Mean direction of each label's training rows; see `class_centres`."""
    seen = _sample(rows.train)
    embeddings, _ = read(seen.texts)
    return class_centres(embeddings, seen.labels, len(rows.labels))


def measure(
    logits: NDArray[np.float32],
    embeddings: NDArray[np.float32],
    labels: NDArray[np.int64],
    temperature: float,
    score: OutOfScope,
    sums: NDArray[np.float64],
) -> dict[str, Any]:
    """Accuracy and calibration on rows that have a right label.

    Args:
        logits: (rows, labels).
        embeddings: (rows, hidden).
        labels: index of each one's right label.
        temperature: divides the logits.
        score: gives the probability of being out of scope.
        sums: label (row) to domain (column).
    """
    right_domain = sums.argmax(axis=1)[labels]
    by_label = softmax(logits, temperature)
    by_domain = _domain_probabilities(logits, embeddings, temperature, score, sums)
    label_hits = by_label.argmax(axis=1) == labels
    domain_hits = by_domain.argmax(axis=1) == right_domain
    return {
        "label_accuracy": float(label_hits.mean()),
        "domain_accuracy": float(domain_hits.mean()),
        "label_ece": expected_calibration_error(by_label.max(axis=1), label_hits),
        "domain_ece": expected_calibration_error(by_domain.max(axis=1), domain_hits),
    }


def _domain_probabilities(
    logits: NDArray[np.float32],
    embeddings: NDArray[np.float32],
    temperature: float,
    score: OutOfScope,
    sums: NDArray[np.float64],
) -> NDArray[np.float64]:
    """As `TrainedRouter` gives them where every domain is registered."""
    inside = 1 - score.probability(logits, embeddings)
    result: NDArray[np.float64] = softmax(logits, temperature) @ sums * inside[:, None]
    return result


def _sample(part: Part) -> Part:
    """Every n-th row, so that large files do not take minutes here."""
    step = -(-len(part) // _MOST_CENTRE_ROWS)
    return Part(part.texts[::step], part.labels[::step])
