"""How often is the best domain the right one: trained, with few examples, with none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mdsa.evals.routing_bench import TRAINED_TITLE, Bench, example_domains
from mdsa.evals.routing_classification import (
    calibration_curves,
    classification_figures,
    confusions,
)
from mdsa.evals.routing_data import IntentSet, Part, draw_examples
from mdsa.evals.routing_metrics import Estimate, bootstrap
from mdsa.evals.routing_report import Figure, Section, Target
from mdsa.evals.routing_systems import RouterSystem, Scored
from mdsa.evals.zero_shot import described_domains
from mdsa.router import RouterDomain
from mdsa.router.calibration import expected_calibration_error

__all__ = ["SHOTS", "few_shot", "intents", "zero_shot"]

SHOTS = (5, 10)

_INTENT_TARGETS = {
    "clinc150": Target(0.96),
    "clinc150_domains": Target(0.985),
    "banking77": Target(0.93),
    "hwu64": Target(0.91),
}
_FIVE_SHOT_TARGETS = {"clinc150": Target(0.88), "banking77": Target(0.78), "hwu64": Target(0.78)}
_ZERO_SHOT_TARGETS = {"clinc150_domains": Target(0.85)}


def intents(bench: Bench) -> Section:
    """Routers trained on all of the train part."""
    section = Section("intents", "Trained on the whole train part")
    for data in bench.sets("clinc150", "clinc150_domains", "banking77", "hwu64"):
        scored = bench.trained_scores(data, data.validation.texts, "validation")
        if scored is None:
            bench.missing_router(data, section)
        else:
            target = _INTENT_TARGETS.get(data.name)
            _add(section, bench, data, TRAINED_TITLE, scored, target)
            section.confusions += confusions(data.title, TRAINED_TITLE, scored, data.validation)
        if data.train.texts:
            domains = example_domains(data.train)
            for name, rival in bench.score_rivals(domains, data.validation.texts, section).items():
                _add(section, bench, data, name, rival)
    return section


def few_shot(bench: Bench) -> Section:
    """Routers that are told each label's name and a few examples of it."""
    section = Section("few_shot", "A few examples of each label")
    for data in bench.sets("clinc150", "banking77", "hwu64"):
        if not data.train.texts:
            continue
        for shots in SHOTS:
            draws = [draw_examples(data.train, shots, seed) for seed in range(bench.seeds)]
            target = _FIVE_SHOT_TARGETS.get(data.name) if shots == SHOTS[0] else None
            _few_shot_figures(section, bench, data, f"{shots} shots", draws, target)
            if shots in data.published_draws:
                draws = [data.published_draws[shots]]
                _few_shot_figures(section, bench, data, f"{shots} shots as published", draws, None)
    section.notes.append(
        f"Mean over {bench.seeds} draws from the train part (seeds 0 to {bench.seeds - 1}); the "
        "interval is the bootstrap's over rows, 'spread' the standard deviation over draws. Every "
        "system is told the label's name and the same examples."
    )
    return section


def zero_shot(bench: Bench) -> Section:
    """Routers that are told each domain's name, description and keywords alone."""
    section = Section("zero_shot", "Descriptions and keywords alone")
    for data, domains in _described(bench):
        system = RouterSystem("TinyBERT, zero-shot", bench.new_router)
        system.set_up(domains)
        scored = system.score(data.validation.texts)
        _add(section, bench, data, system.name, scored, _ZERO_SHOT_TARGETS.get(data.name))
        section.confusions += confusions(data.title, system.name, scored, data.validation)
        rivals = bench.score_rivals(domains, data.validation.texts, section)
        for name, rival in rivals.items():
            _add(section, bench, data, name, rival)
        if data.name not in _ZERO_SHOT_TARGETS and (minilm := rivals.get("MiniLM, nearest text")):
            section.figures.append(_ahead(bench, data, system.name, scored, minilm))
    return section


def _described(bench: Bench) -> list[tuple[IntentSet, Sequence[RouterDomain]]]:
    pairs: list[tuple[IntentSet, Sequence[RouterDomain]]] = []
    if bench.data_dir:
        for name, described in (
            ("clinc150_domains", "clinc150"),
            ("hwu64_scenarios", "hwu64"),
            ("bitext_categories", "bitext_support"),
        ):
            pairs.append((bench.published(name), described_domains(described)))
    if bench.own_domains:
        pairs += [(data, bench.own_domains) for data in bench.own_sets.values()]
    return pairs


def _add(
    section: Section,
    bench: Bench,
    data: IntentSet,
    system: str,
    scored: Scored,
    target: Target | None = None,
) -> None:
    targets = {"accuracy": target} if target else {}
    section.figures += classification_figures(data, system, scored, targets, bench.resamples)
    section.curves += calibration_curves(data.title, system, scored, data.validation.labels)


def _ahead(bench: Bench, data: IntentSet, system: str, scored: Scored, minilm: Scored) -> Figure:
    """Points of accuracy ahead of MiniLM's similarity; rows are drawn in pairs."""
    labels = data.validation.labels
    estimate = bootstrap(
        lambda ours, theirs: float(ours.mean() - theirs.mean()),
        scored.correct(labels),
        minilm.correct(labels),
        resamples=bench.resamples,
    )
    measure = "ahead of MiniLM similarity"
    return Figure(data.title, system, measure, estimate, "points", Target(0.0), len(labels))


def _few_shot_figures(
    section: Section,
    bench: Bench,
    data: IntentSet,
    what: str,
    draws: Sequence[Part],
    target: Target | None,
) -> None:
    by_system: dict[str, list[Scored]] = {}
    for done, examples in enumerate(draws):
        bench.progress(f"{data.title}, {what}", done, len(draws))
        domains = example_domains(examples)
        system = RouterSystem("TinyBERT, few-shot", bench.new_router)
        system.set_up(domains)
        scored = {system.name: system.score(data.validation.texts)}
        scored |= bench.score_rivals(domains, data.validation.texts, section)
        for name, entry in scored.items():
            by_system.setdefault(name, []).append(entry)
    subject = f"{data.title}, {what}"
    for name, entries in by_system.items():
        labels = data.validation.labels
        correct = np.stack([entry.correct(labels) for entry in entries], axis=1)
        confidence = np.stack([entry.confidence for entry in entries], axis=1)
        ours = name == "TinyBERT, few-shot"
        section.figures.append(
            Figure(
                subject,
                name,
                "accuracy",
                bootstrap(lambda rows: float(rows.mean()), correct, resamples=bench.resamples),
                "%",
                target if ours else None,
                len(labels),
            )
        )
        if len(entries) > 1:
            spread = float(correct.mean(axis=0).std(ddof=1))
            section.figures.append(Figure(subject, name, "spread", Estimate(spread), "points"))
        section.figures.append(
            Figure(
                subject,
                name,
                "ECE",
                bootstrap(_mean_calibration_error, correct, confidence, resamples=bench.resamples),
                "",
                None,
                len(labels),
            )
        )


def _mean_calibration_error(correct: np.ndarray, confidence: np.ndarray) -> float:
    """Mean over draws, (rows, draws) each."""
    return float(
        np.mean(
            [
                expected_calibration_error(sure, right)
                for sure, right in zip(confidence.T, correct.T, strict=True)
            ]
        )
    )
