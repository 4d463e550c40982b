"""`mdsa eval routing`: everything that is claimed of the router, measured."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mdsa.cli.options import Invocation, takes_common_options
from mdsa.cli.render import console, plain, progress_bar, write_json
from mdsa.cli.report_view import show_report
from mdsa.errors import InvalidInputError

if TYPE_CHECKING:
    from mdsa.evals.routing_data import IntentSet

__all__ = ["evaluate_routing_command"]


@takes_common_options("app_file", "data_dir")
def evaluate_routing_command(
    invocation: Invocation,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            "--data-dir", metavar="DIR", help="Folder of published data: intent/, dialogue/."
        ),
    ] = None,
    router: Annotated[
        list[str] | None,
        typer.Option(
            "--router",
            metavar="NAME=DIR",
            help="Folder of the router trained on a set (clinc150, clinc150_domains, banking77, "
            "hwu64, banking77_oos, or the name of a --jsonl file without its suffix; repeatable).",
        ),
    ] = None,
    jsonl: Annotated[
        list[Path] | None,
        typer.Option(
            "--jsonl",
            metavar="FILE",
            help='Your own rows, one {"text", "label"} per line (repeatable).',
        ),
    ] = None,
    train: Annotated[
        Path | None,
        typer.Option("--train", metavar="FILE", help="Rows to draw few-shot examples from."),
    ] = None,
    oos: Annotated[
        Path | None,
        typer.Option(
            "--oos", metavar="FILE", help='Your own out-of-scope messages, one {"text"} per line.'
        ),
    ] = None,
    domains: Annotated[
        Path | None,
        typer.Option(
            "--domains",
            metavar="FILE",
            help="domains.json, for routing your rows without training.",
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only", metavar="NAME", help="Run only this question, or 'baselines' (repeatable)."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Write report.json, report.html and plots here."),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, max=100, help="Number of few-shot draws.")] = 5,
) -> None:
    """Measure the router: accuracy, calibration, out of scope, robustness, speed.

    Give published data (--data-dir), your own rows (--jsonl), or both. Only validation splits are
    used. Without --only, every question is run, and baselines are measured alongside: intents,
    few_shot, zero_shot, calibration, out_of_scope, conformal, compounds, follow_ups, typos, speed.
    """
    # Libraries that load models draw bars of their own through ours.
    os.environ.setdefault("TQDM_DISABLE", "1")
    from mdsa.domains.domain_list import read_domain_list
    from mdsa.evals.routing import evaluate_routing
    from mdsa.evals.routing_bench import Bench
    from mdsa.evals.routing_output import write_report

    if data_dir is None and not jsonl:
        raise InvalidInputError("nothing to measure on: give --data-dir DIR or --jsonl FILE.")
    own = _own_sets(jsonl or [], train, oos)
    described = read_domain_list(domains) if domains else ()
    with progress_bar() as progress:
        bar = progress.add_task("Reading", total=None)

        def show(what: str, done: int, total: int) -> None:
            progress.update(bar, description=what, completed=done, total=total)

        bench = Bench(
            data_dir=data_dir,
            router_folders=_routers(router or []),
            own_sets=own,
            own_domains=described,
            seeds=seeds,
            progress=show,
        )
        report = evaluate_routing(bench, only or ())
        if out:
            show("Writing the report", 0, 1)
        problems = write_report(report, out) if out else []
    if invocation.as_json:
        write_json(report.as_dict())
    else:
        show_report(report, out)
    for problem in problems:
        console(stderr=True).print(plain(problem, "yellow"))


def _own_sets(files: list[Path], train: Path | None, oos: Path | None) -> dict[str, IntentSet]:
    from mdsa.evals.routing_data import INTENT_SETS, load_own_set

    if not files and (given := train or oos):
        raise InvalidInputError(
            f"{given} only makes sense with rows to measure on; give --jsonl FILE too."
        )
    sets = {}
    for path in files:
        data = load_own_set(path, train, oos)
        if data.name in sets or data.name in INTENT_SETS:
            raise InvalidInputError(
                f"--jsonl {path}: the name {data.name!r} is taken; rename the file."
            )
        sets[data.name] = data
    return sets


def _routers(given: list[str]) -> dict[str, Path]:
    folders = {}
    for entry in given:
        name, separator, folder = entry.partition("=")
        if not (separator and name and folder):
            raise InvalidInputError(
                f"--router {entry!r}: write NAME=DIR, as in clinc150=my-router."
            )
        if name in folders:
            raise InvalidInputError(f"--router: {name} is given twice; give one router per set.")
        folders[name] = Path(folder)
    return folders
