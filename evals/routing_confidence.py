"""Does the confidence mean something: calibration, out of scope, conformal sets."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from mdsa.evals.routing_bench import FEW, TRAINED_TITLE, Bench, example_domains
from mdsa.evals.routing_classification import calibration_curves
from mdsa.evals.routing_data import IntentSet, draw_examples
from mdsa.evals.routing_metrics import (
    Estimate,
    auroc,
    bootstrap,
    calibration_error_by_chance,
    false_positive_rate,
    mean_of,
)
from mdsa.evals.routing_report import Figure, Section, Target
from mdsa.evals.routing_systems import Scored
from mdsa.evals.routing_unseen import unseen_domain_sets
from mdsa.router.calibration import expected_calibration_error
from mdsa.router.conformal import ConformalScores

__all__ = ["SPLITS", "TARGET_ERROR", "calibration", "conformal", "out_of_scope"]

TARGET_ERROR = 0.02
SPLITS = 20

_SETS = ("clinc150", "clinc150_domains", "banking77", "hwu64")

_NONE = "\0out of scope"
"""No label has this name."""


def calibration(bench: Bench) -> Section:
    """How far confidence and accuracy are apart."""
    section = Section("calibration", "Confidence against accuracy")
    for data, system, scored in _scored(bench, *_SETS):
        fine_tuned = system == TRAINED_TITLE
        correct = scored.correct(data.validation.labels)
        subject = f"{data.title}, in scope"
        section.figures.append(
            _ece(
                bench,
                subject,
                system,
                correct,
                scored.confidence,
                Target(0.015, at_most=True) if fine_tuned else None,
            )
        )
        if fine_tuned and bench.resamples:
            least = calibration_error_by_chance(scored.confidence, bench.resamples)
            section.figures.append(
                Figure(subject, system, "ECE by chance", least, "", None, len(correct))
            )
        if not data.out_of_scope:
            continue
        outside = dict(bench.scores(data, data.out_of_scope, "out of scope"))[system]
        confidence = np.concatenate([scored.confidence, outside.confidence])
        section.figures.append(
            _ece(
                bench,
                f"{data.title}, out of scope mixed in",
                system,
                np.concatenate([correct, np.zeros(len(data.out_of_scope), dtype=bool)]),
                confidence,
                Target(0.06, at_most=True) if fine_tuned else None,
            )
        )
        mixed = Scored(
            scored.labels,
            np.concatenate([scored.scores, outside.scores]),
            np.concatenate([scored.out_of_scope, outside.out_of_scope]),
        )
        labels = [*data.validation.labels, *(_NONE for _ in data.out_of_scope)]
        section.curves += calibration_curves(
            f"{data.title}, out of scope mixed in", system, mixed, labels
        )
    unseen_domain_sets(bench, section)
    section.notes.append(
        "Expected calibration error of the best domain's probability over 15 equal bins; a message "
        "out of scope is always answered wrong. 'ECE by chance' is what a router would show here "
        "whose confidences are exactly right: less than that, no router can be told from it."
    )
    return section


def out_of_scope(bench: Bench) -> Section:
    """Are messages that fit no domain told from those that do."""
    section = Section("out_of_scope", "Messages that fit no domain")
    for data in bench.sets("clinc150", "clinc150_domains", "banking77_oos"):
        if not data.out_of_scope:
            continue
        outside = dict(bench.scores(data, data.out_of_scope, "out of scope"))
        for system, inside in bench.scores(data, data.validation.texts, "validation"):
            wanted = system == TRAINED_TITLE and data.name != "banking77_oos"
            _detection(section, bench, data, system, inside, outside[system], targets=wanted)
        if TRAINED_TITLE not in outside:
            bench.missing_router(data, section)
        if not data.train.texts or data.name == "clinc150_domains":
            continue
        texts = (*data.validation.texts, *data.out_of_scope)
        first = len(data.validation.texts)
        rows = np.arange(len(texts))
        domains = example_domains(draw_examples(data.train, FEW, 0))
        for name, rival in bench.score_rivals(domains, texts, section).items():
            parts = rival.rows(rows[:first]), rival.rows(rows[first:])
            _detection(section, bench, data, f"{name}, {FEW}-shot", *parts, targets=False)
    section.notes.append(
        "AUROC and FPR95 (out-of-scope messages let in by the threshold that lets in 95 % of the "
        "others) of the out-of-scope score; for rivals, of one less their highest score. "
        "BANKING77-OOS holds 27 intents of the same bank back; a router of all 77 cannot be asked."
    )
    return section


def conformal(bench: Bench) -> Section:
    """Do prediction sets keep the error that was asked for."""
    section = Section("conformal", f"Prediction sets for an error of {TARGET_ERROR:.0%}")
    for data, system, scored in _scored(bench, *_SETS):
        _split_conformal(section, data, system, scored)
        if system == TRAINED_TITLE:
            _own_conformal(section, bench, data, scored)
    section.notes.append(
        f"{SPLITS} random splits of the validation rows, calibrated on one half and measured on "
        "the other; the interval holds 95 % of the splits' spread. The target allows 1.96 standard "
        "errors over 2 %. 'one domain' is the share of messages whose set holds one domain."
    )
    return section


def _scored(bench: Bench, *names: str) -> Iterator[tuple[IntentSet, str, Scored]]:
    """Sets with what the routers say of their validation rows."""
    for data in bench.sets(*names):
        for system, scored in bench.scores(data, data.validation.texts, "validation"):
            yield data, system, scored


def _ece(
    bench: Bench,
    subject: str,
    system: str,
    correct: NDArray[np.bool_],
    confidence: NDArray[np.float64],
    target: Target | None,
) -> Figure:
    estimate = bootstrap(
        lambda right, sure: expected_calibration_error(sure, right),
        correct,
        confidence,
        resamples=bench.resamples,
    )
    return Figure(subject, system, "ECE", estimate, "", target, len(correct))


def _detection(
    section: Section,
    bench: Bench,
    data: IntentSet,
    system: str,
    inside: Scored,
    outside: Scored,
    *,
    targets: bool,
) -> None:
    measures = (
        ("AUROC", auroc, "", Target(0.965)),
        ("FPR95", false_positive_rate, "%", Target(0.15, at_most=True)),
    )
    for name, measure, unit, target in measures:
        section.figures.append(
            Figure(
                f"{data.title}, {len(inside.scores)} in scope and {len(outside.scores)} out",
                system,
                name,
                bootstrap(
                    measure,
                    inside.out_of_scope,
                    outside.out_of_scope,
                    paired=False,
                    resamples=bench.resamples,
                ),
                unit,  # type: ignore[arg-type]  # one of two literals
                target if targets else None,
                len(inside.scores) + len(outside.scores),
            )
        )


def _split_conformal(section: Section, data: IntentSet, system: str, scored: Scored) -> None:
    labels = np.array(data.validation.labels)
    generator = np.random.default_rng(0)
    gold = scored.columns(data.validation.labels)
    rows = []
    for _ in range(SPLITS):
        order = generator.permutation(len(labels))
        fit, measure = order[: len(order) // 2], order[len(order) // 2 :]
        floor = ConformalScores.fit(scored.scores[fit], gold[fit]).floor(TARGET_ERROR)
        missed, size, single = _sets(scored.rows(measure), labels[measure].tolist(), floor or 0.0)
        rows.append((missed.mean(), size.mean(), single.mean()))
    error, size, single = np.array(rows).T
    low, high = np.percentile(error, [2.5, 97.5])
    allowed = TARGET_ERROR + 1.96 * float(error.std(ddof=1)) / math.sqrt(SPLITS)
    section.figures += _set_figures(
        f"{data.title}, {SPLITS} splits",
        system,
        Estimate(float(error.mean()), float(low), float(high)),
        size,
        single,
        Target(allowed, at_most=True),
        len(labels),
    )


def _own_conformal(section: Section, bench: Bench, data: IntentSet, scored: Scored) -> None:
    router = bench.calibrated_router_of(data)
    if router is None:
        return
    floor = router.score_floor(TARGET_ERROR)
    if floor is None:
        section.notes.append(f"{data.title}: the folder holds too few calibration rows.")
        return
    missed, size, single = _sets(scored, data.validation.labels, floor)
    # Two binomial errors: of the rows measured, and of about as many calibration rows.
    spread = math.sqrt(2 * TARGET_ERROR * (1 - TARGET_ERROR) / len(missed))
    section.figures += _set_figures(
        f"{data.title}, the folder's own calibration",
        TRAINED_TITLE,
        bootstrap(mean_of, missed, resamples=bench.resamples),
        size,
        single,
        Target(TARGET_ERROR + 1.96 * spread, at_most=True),
        len(missed),
    )


def _sets(
    scored: Scored, labels: Sequence[str], floor: float
) -> tuple[NDArray[np.bool_], NDArray[np.intp], NDArray[np.bool_]]:
    """Whether each row's set misses the right domain, how many it holds, whether it is one."""
    members = scored.scores >= floor
    right = members[np.arange(len(labels)), scored.columns(labels)]
    size = members.sum(axis=1)
    return ~right, size, size == 1


def _set_figures(
    subject: str,
    system: str,
    error: Estimate,
    size: NDArray[np.floating] | NDArray[np.intp],
    single: NDArray[np.floating] | NDArray[np.bool_],
    target: Target,
    rows: int,
) -> list[Figure]:
    return [
        Figure(subject, system, "error", error, "%", target, rows),
        Figure(subject, system, "coverage", _complement(error), "%", None, rows),
        Figure(subject, system, "domains a set", Estimate(float(size.mean())), "", None, rows),
        Figure(subject, system, "one domain", Estimate(float(single.mean())), "%", None, rows),
    ]


def _complement(error: Estimate) -> Estimate:
    low, high = (None if bound is None else 1 - bound for bound in (error.high, error.low))
    return Estimate(1 - error.value, low, high)
