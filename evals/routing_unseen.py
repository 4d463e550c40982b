"""Is zero-shot confidence right on customers that were never seen: new synthetic domain sets."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mdsa.errors import InvalidInputError
from mdsa.evals.routing_bench import Bench
from mdsa.evals.routing_metrics import auroc, bootstrap, mean_of
from mdsa.evals.routing_report import Figure, Section, Target
from mdsa.evals.synthetic_domains import CORPORA, draw_set, read_corpora
from mdsa.router import RouterDomain
from mdsa.router.calibration import expected_calibration_error

__all__ = ["SETS", "unseen_domain_sets"]

SETS = 150
"""Of 16 messages each."""

_SEED = 20_260
"""Other sets than those of the fit, whose seed is 0."""

_SENTENCES = 1500
_SYSTEM = "TinyBERT, zero-shot"


def unseen_domain_sets(bench: Bench, section: Section, sets: int = SETS) -> None:
    """Add figures of a fresh router for each set, over all sets' messages together.

    Args:
        bench: with the published data; nothing is done without.
        section: to add to.
        sets: how many.
    """
    if bench.data_dir is None:
        return
    draw = random.Random(_SEED)  # repeatable, no secret
    try:
        corpora = read_corpora(bench.data_dir, draw)
        general = _sentences(bench.data_dir / "unlabelled" / "sentences.txt", draw)
    except InvalidInputError as error:
        section.notes.append(f"Unseen domain sets: not measured: {error}")
        return
    confidence, correct, inside, outside = [], [], [], []
    for number in range(sets):
        bench.progress("calibration: unseen domain sets", number, sets)
        one = draw_set(corpora, CORPORA[number % len(CORPORA)], general, draw)
        domains = _with_distinct_names(one.domains)
        router = bench.new_router()
        for domain in domains:
            router.add_domain(domain)
        names = [domain.name for domain in domains]
        for route, label in zip(router.route(one.texts), one.labels, strict=True):
            confidence.append(route.confidence)
            inside.append(label < len(names))
            correct.append(label < len(names) and route.domain == names[label])
            outside.append(route.out_of_scope)
    sure, right, within = np.array(confidence), np.array(correct), np.array(inside)
    none = np.array(outside)
    subject = f"{sets} unseen domain sets"
    for what, rows in (("in scope", within), ("out of scope mixed in", within | True)):
        section.figures.append(
            Figure(
                f"{subject}, {what}",
                _SYSTEM,
                "ECE",
                bootstrap(_error, sure[rows], right[rows], resamples=bench.resamples),
                "",
                Target(0.05, at_most=True),
                int(rows.sum()),
            )
        )
    section.figures += [
        Figure(
            subject,
            _SYSTEM,
            "accuracy",
            bootstrap(mean_of, right[within], resamples=bench.resamples),
            "%",
            None,
            int(within.sum()),
        ),
        Figure(
            subject,
            _SYSTEM,
            "AUROC",
            bootstrap(auroc, none[within], none[~within], paired=False, resamples=bench.resamples),
            "",
            None,
            len(within),
        ),
    ]
    section.notes.append(
        "Unseen domain sets: drawn anew from training utterances, with another seed than the sets "
        "that zero-shot confidence was fitted on, but over the same corpora; 'python -m "
        "mdsa.evals.router_calibration' also leaves each corpus out of the fit."
    )


def _error(sure: np.ndarray, right: np.ndarray) -> float:
    return expected_calibration_error(sure, right)


def _sentences(path: Path, draw: random.Random) -> list[str]:
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except OSError as error:
        raise InvalidInputError(f"cannot read {path} ({error.strerror})") from error
    return draw.sample([line for line in lines if line], _SENTENCES)


def _with_distinct_names(domains: Sequence[RouterDomain]) -> list[RouterDomain]:
    """Two domains of a drawn set may be called after the same intent."""
    seen: set[str] = set()
    distinct = []
    for number, domain in enumerate(domains):
        name = f"{domain.name}_{number}" if domain.name in seen else domain.name
        seen.add(name)
        distinct.append(replace(domain, name=name))
    return distinct
