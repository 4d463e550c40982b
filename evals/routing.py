"""Everything that is claimed of the router, measured in one go: `mdsa eval routing`.

Each question is a function that is given the bench (data, routers, rivals) and answers with a
section of the report. Validation parts only are measured on; nothing is fitted to them.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Collection
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from mdsa import __version__
from mdsa.errors import InvalidInputError
from mdsa.evals.routing_accuracy import few_shot, intents, zero_shot
from mdsa.evals.routing_bench import Bench
from mdsa.evals.routing_confidence import calibration, conformal, out_of_scope
from mdsa.evals.routing_parts import compounds, follow_ups, speed
from mdsa.evals.routing_report import RoutingReport, Section
from mdsa.evals.routing_robustness import typos

__all__ = ["BASELINES", "QUESTIONS", "evaluate_routing"]

QUESTIONS: dict[str, Callable[[Bench], Section]] = {
    "intents": intents,
    "few_shot": few_shot,
    "zero_shot": zero_shot,
    "calibration": calibration,
    "out_of_scope": out_of_scope,
    "conformal": conformal,
    "compounds": compounds,
    "follow_ups": follow_ups,
    "typos": typos,
    "speed": speed,
}
"""Questions by name, in the order of the report."""

BASELINES = "baselines"
"""What `only` holds to have rivals measured beside the questions that it names."""

_PACKAGES = ("numpy", "onnxruntime", "tokenizers", "scikit-learn", "sentence-transformers")


def evaluate_routing(bench: Bench, only: Collection[str] = ()) -> RoutingReport:
    """Ask the questions.

    What a question lacks (a data set's file, say) becomes a note in its section, unless the
    question was asked for by name.

    Args:
        bench: what they need.
        only: names of questions, and `BASELINES`; all of them where it is empty.

    Raises:
        InvalidInputError: a name is unknown, a trained router is not of its set, or a file that a
            question in `only` needs cannot be read.
        ModelUnavailableError: a trained router's folder or the encoder is damaged.
    """
    if unknown := sorted(set(only) - {*QUESTIONS, BASELINES}):
        raise InvalidInputError(
            f"unknown question {unknown[0]!r}; known are {', '.join((*QUESTIONS, BASELINES))}."
        )
    asked = [name for name in QUESTIONS if name in only] or list(QUESTIONS)
    bench.with_baselines = bench.with_baselines and (not only or BASELINES in only)
    started = time.perf_counter()
    bench.open_routers()
    sections = []
    for done, name in enumerate(asked):
        bench.progress(f"{done + 1} of {len(asked)}: {name}", 0, 1)
        began = time.perf_counter()
        try:
            section = QUESTIONS[name](bench)
        except InvalidInputError as error:
            if name in only:
                raise
            section = Section(name, name.replace("_", " "), notes=[f"Not measured: {error}"])
        section.seconds = time.perf_counter() - began
        sections.append(section)
    return RoutingReport(sections, _facts(bench), time.perf_counter() - started)


def _facts(bench: Bench) -> dict[str, Any]:
    versions = {"mdsa": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "routers": {name: str(folder) for name, folder in bench.router_folders.items()},
        "own_sets": sorted(bench.own_sets),
        "few_shot_draws": bench.seeds,
        "bootstrap_resamples": bench.resamples,
        "versions": versions,
        "cpus": os.cpu_count(),
        "machine": platform.machine(),
    }
