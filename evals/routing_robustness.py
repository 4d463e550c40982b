"""Do routes survive the way people type: slips, capitals, no punctuation."""

from __future__ import annotations

import numpy as np

from mdsa.evals.perturbations import PERTURBATIONS, TYPO_SHARE
from mdsa.evals.routing_bench import TRAINED_TITLE, Bench
from mdsa.evals.routing_metrics import bootstrap, mean_of
from mdsa.evals.routing_report import Figure, Section, Target

__all__ = ["typos"]

_SEED = 0
_TARGET = Target(0.015, at_most=True)


def typos(bench: Bench) -> Section:
    """Accuracy on changed messages, against the same messages as they are."""
    section = Section("typos", "Typing slips, capitals and punctuation")
    for data in bench.sets("clinc150", "clinc150_domains", "banking77", "hwu64"):
        part = data.validation
        clean = dict(bench.scores(data, part.texts, "validation"))
        for name, change in PERTURBATIONS.items():
            texts = [change(text, _SEED) for text in part.texts]
            if texts == list(part.texts):
                section.notes.append(f"{data.title}: {name} changes no message.")
                continue
            for system, scored in bench.scores(data, texts, name):
                before, after = clean[system].correct(part.labels), scored.correct(part.labels)
                flipped = clean[system].best != scored.best
                subject = f"{data.title}, {name}"
                section.figures += [
                    Figure(
                        subject,
                        system,
                        "accuracy",
                        bootstrap(mean_of, after, resamples=bench.resamples),
                        "%",
                        None,
                        len(texts),
                    ),
                    Figure(
                        subject,
                        system,
                        "lost",
                        bootstrap(_lost, before, after, resamples=bench.resamples),
                        "points",
                        _TARGET if system == TRAINED_TITLE else None,
                        len(texts),
                    ),
                    Figure(
                        subject,
                        system,
                        "routes flipped",
                        bootstrap(mean_of, flipped, resamples=bench.resamples),
                        "%",
                        None,
                        len(texts),
                    ),
                ]
    section.notes.append(
        f"Slips: each word is hit with a probability of {TYPO_SHARE:.0%} by one letter too many, "
        f"missing, swapped or wrong (seed {_SEED})."
    )
    return section


def _lost(before: np.ndarray, after: np.ndarray) -> float:
    return float(before.mean() - after.mean())
