"""`mdsa eval answers` and `mdsa eval tools`: what models are worth in MDSA's jobs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mdsa.cli.options import Invocation, takes_common_options
from mdsa.cli.render import progress_bar, write_json
from mdsa.cli.report_view import show_report

if TYPE_CHECKING:
    from mdsa.evals.model_bench import ModelBench

__all__ = ["evaluate_answers_command", "evaluate_tools_command"]

DataOption = Annotated[
    Path,
    typer.Option(
        "--data-dir", metavar="DIR", help="Folder of published data: rag/, tools/, intent/."
    ),
]
ModelsOption = Annotated[
    list[str] | None,
    typer.Option("--model", metavar="REF", help="A model reference (repeatable)."),
]
SampleOption = Annotated[
    int, typer.Option(min=2, help="Cases per set; half as many of those without an answer.")
]
OnlyOption = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="NAME", help="Run only this question (repeatable)."),
]
MissesOption = Annotated[
    Path | None,
    typer.Option(
        "--misses", metavar="FILE", help="Write each miss to this file, one line of JSON per miss."
    ),
]
SeedOption = Annotated[int, typer.Option(help="Seed for sampling.")]


@takes_common_options("app_file", "data_dir")
def evaluate_answers_command(
    invocation: Invocation,
    data_dir: DataOption,
    model: ModelsOption = None,
    sets: Annotated[
        list[str] | None,
        typer.Option(
            "--datasets", metavar="NAME", help="xquad_en, policyqa or covid_qa (repeatable)."
        ),
    ] = None,
    sample: SampleOption = 100,
    router: Annotated[
        Path | None,
        typer.Option("--router", metavar="DIR", help="Trained router to split messages with."),
    ] = None,
    only: OnlyOption = None,
    misses: MissesOption = None,
    seed: SeedOption = 5,
) -> None:
    """Measure models on grounded answers, decomposition and merging.

    All on held-out data. The questions are grounded, decomposition, merge, target_answers and
    target_splits (the last two are small sets of our own).
    Any model reference works: embedded://reader (the default), ollama://…, hf://…, openai://….
    """
    from mdsa.evals.models import ANSWER_QUESTIONS

    settings = {"sample": sample, "sets": sets or (), "router": router, "seed": seed}
    _evaluate(invocation, ANSWER_QUESTIONS, data_dir, model, settings, only, misses)


@takes_common_options("app_file", "data_dir")
def evaluate_tools_command(
    invocation: Invocation,
    data_dir: DataOption,
    model: ModelsOption = None,
    sample: SampleOption = 250,
    only: OnlyOption = None,
    misses: MissesOption = None,
    seed: SeedOption = 5,
) -> None:
    """Measure models on tool calls: the right tool, and every argument right.

    On the held-out half of the Berkeley Function Calling Leaderboard's simple and parallel
    requests. The questions are tools, no_tool and target_calls (thirty requests of our own).
    """
    from mdsa.evals.models import TOOL_QUESTIONS

    settings = {"sample": sample, "seed": seed}
    _evaluate(invocation, TOOL_QUESTIONS, data_dir, model, settings, only, misses)


def _evaluate(
    invocation: Invocation,
    questions: Mapping[str, Any],
    data_dir: Path,
    references: list[str] | None,
    settings: dict[str, Any],
    only: list[str] | None,
    misses: Path | None,
) -> None:
    # Libraries that load models draw bars of their own through ours.
    os.environ.setdefault("TQDM_DISABLE", "1")
    from mdsa.evals.model_bench import DEFAULT_MODEL, ModelBench
    from mdsa.evals.models import evaluate_models
    from mdsa.models.registry import ModelRegistry

    with progress_bar() as progress:
        bar = progress.add_task("Reading", total=None)

        def show(what: str, done: int, total: int) -> None:
            progress.update(bar, description=what, completed=done, total=total)

        bench = ModelBench(
            data_dir=data_dir,
            references=tuple(dict.fromkeys(references or [DEFAULT_MODEL])),
            registry=ModelRegistry(invocation.settings),
            progress=show,
            misses=None if misses is None else [],
            **settings,
        )
        report = evaluate_models(bench, questions, only or ())
    if misses is not None:
        _write_misses(bench, misses)
    if invocation.as_json:
        write_json(report.as_dict())
    else:
        show_report(report)


def _write_misses(bench: ModelBench, path: Path) -> None:
    lines = [json.dumps(row, ensure_ascii=False, default=str) for row in bench.misses or ()]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
