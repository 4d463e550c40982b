"""What models are worth in MDSA's jobs: `mdsa eval answers` and `mdsa eval tools`.

Each question is a function that is given the bench (models, data, draws) and answers with a
section of the report.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from mdsa import __version__
from mdsa.errors import InvalidInputError
from mdsa.evals.decomposition import decomposition
from mdsa.evals.grounded import grounded
from mdsa.evals.merging import merging
from mdsa.evals.model_bench import ModelBench
from mdsa.evals.routing_report import RoutingReport, Section
from mdsa.evals.target_sets import target_answers, target_calls, target_splits
from mdsa.evals.tool_calls import no_tool_fits, tool_calls

__all__ = ["ANSWER_QUESTIONS", "TOOL_QUESTIONS", "evaluate_models"]

Question = Callable[[ModelBench], Section]

ANSWER_QUESTIONS: dict[str, Question] = {
    "grounded": grounded,
    "decomposition": decomposition,
    "merge": merging,
    "target_answers": target_answers,
    "target_splits": target_splits,
}
"""Questions of `mdsa eval answers` by name, in the order of the report."""

TOOL_QUESTIONS: dict[str, Question] = {
    "tools": tool_calls,
    "no_tool": no_tool_fits,
    "target_calls": target_calls,
}
"""Those of `mdsa eval tools`."""


def evaluate_models(
    bench: ModelBench, questions: Mapping[str, Question], only: Collection[str] = ()
) -> RoutingReport:
    """Ask the questions.

    Args:
        bench: what they need.
        questions: by name.
        only: names of some of them; all where it is empty.

    Raises:
        InvalidInputError: an unknown name, or a data set that cannot be read.
        MdsaError: a reference is wrong, or its model cannot be used.
    """
    if unknown := sorted(set(only) - set(questions)):
        raise InvalidInputError(
            f"unknown question {unknown[0]!r}; known are {', '.join(questions)}."
        )
    list(bench.models())  # a wrong reference is found before the work begins
    started = time.perf_counter()
    sections = []
    for name in questions:
        if only and name not in only:
            continue
        began = time.perf_counter()
        section = questions[name](bench)
        section.seconds = time.perf_counter() - began
        sections.append(section)
    return RoutingReport(sections, _facts(bench), time.perf_counter() - started)


def _facts(bench: ModelBench) -> dict[str, Any]:
    return {
        "models": list(bench.references),
        "sample": bench.sample,
        "seed": bench.seed,
        "bootstrap_resamples": bench.resamples,
        "versions": {"mdsa": __version__, "python": platform.python_version()},
        "cpus": os.cpu_count(),
        "machine": platform.machine(),
    }
