"""`mdsa eval`: evaluations on published data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import TaskID

from mdsa.cli.evaluate_models import evaluate_answers_command, evaluate_tools_command
from mdsa.cli.evaluate_routing import evaluate_routing_command
from mdsa.cli.options import Invocation, takes_common_options
from mdsa.cli.render import console, plain, progress_bar, table, write_json

if TYPE_CHECKING:
    from mdsa.evals.retrieval import RetrievalReport

__all__ = ["evaluations"]

evaluations = typer.Typer(no_args_is_help=True, help="Measure parts of MDSA on published data.")


evaluations.command("routing")(evaluate_routing_command)
evaluations.command("answers")(evaluate_answers_command)
evaluations.command("tools")(evaluate_tools_command)


@evaluations.command("retrieval")
@takes_common_options("app_file", "data_dir")
def evaluate_retrieval_command(
    invocation: Invocation,
    data_dir: Annotated[
        Path,
        typer.Option("--data-dir", metavar="DIR", help="Folder with one subfolder per data set."),
    ],
    datasets: Annotated[
        list[str] | None,
        typer.Option("--datasets", metavar="NAME", help="A data set (repeatable; default: all)."),
    ] = None,
) -> None:
    """Compare hybrid search with dense, BM25 and reciprocal rank fusion."""
    from mdsa.evals.datasets import DATASETS
    from mdsa.evals.retrieval import evaluate_retrieval

    with progress_bar() as progress:
        tasks: dict[str, TaskID] = {}

        def show(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = progress.add_task(name, total=total)
            progress.update(tasks[name], completed=done)

        report = evaluate_retrieval(data_dir, datasets or tuple(DATASETS), progress=show)
    if invocation.as_json:
        write_json(report.as_dict())
    else:
        _show(report)


def _show(report: RetrievalReport) -> None:
    rows = [
        (
            dataset.name,
            scores.mode,
            f"{scores.hit_at_1:.3f}",
            f"{scores.hit_at_5:.3f}",
            f"{scores.ndcg_at_10:.3f}",
            f"{scores.ms:.2f}",
        )
        for dataset in report.datasets
        for scores in dataset.scores
    ]
    out = console()
    out.print(table(["data set", "mode", "hit@1", "hit@5", "nDCG@10", "ms/query"], rows))
    for dataset in report.datasets:
        size = f"{dataset.name}: {dataset.documents} documents, {dataset.queries} queries"
        out.print(plain(f"{size}, {dataset.seconds:.1f} s", "dim"))
        if dataset.hybrid_loses_in:
            lost = ", ".join(dataset.hybrid_loses_in)
            out.print(plain(f"{dataset.name}: hybrid is not the best on {lost}", "yellow"))
    out.print(plain(f"{report.embedding_model}, {report.seconds:.1f} s in all", "dim"))
