"""`mdsa train`: routers from labelled rows, checks of such rows, and the general encoder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import TaskID

from mdsa.cli.options import Invocation, takes_common_options
from mdsa.cli.render import console, facts, plain, progress_bar, table, write_json
from mdsa.cli.train_reader import train_reader_command
from mdsa.cli.train_slm import train_slm_command

if TYPE_CHECKING:
    from mdsa.training.data_report import DataReport
    from mdsa.training.encoder_card import EncoderReport
    from mdsa.training.router import Progress, RouterReport
    from mdsa.training.rows import LabelledText

__all__ = ["training"]

training = typer.Typer(
    no_args_is_help=True,
    help="Train routers, their encoder, and the adapters of the reader and SmolLM2.",
)
training.command("reader")(train_reader_command)
training.command("slm")(train_slm_command)

_Rows = Annotated[
    Path,
    typer.Option(
        metavar="FILE",
        help='JSON lines {"text", "label" or "intent", "domain"?}, or .csv with these columns.',
    ),
]


@training.command("router")
@takes_common_options("app_file", "data_dir")
def train_router_command(
    invocation: Invocation,
    data: _Rows,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder to write, completely or not at all.")
    ],
    val: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Held-out rows (default: a tenth of the data)."),
    ] = None,
    oos: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help='Out-of-scope messages, one {"text"} per line (optional).'
        ),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Maximum number of passes over the rows.")
    ] = None,
    seed: Annotated[
        int, typer.Option(help="Random seed; the same seed gives the same router.")
    ] = 0,
    teacher: Annotated[
        bool, typer.Option(help="First fit a larger model, then also learn from its answers.")
    ] = True,
    start: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="BERT encoder to start from instead of TinyBERT."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue a stopped run; fail if there is none.")
    ] = False,
    check: Annotated[bool, typer.Option(help="Look for mistakes in the data first.")] = True,
) -> None:
    """Fine-tune a router on labelled rows; intents with a domain are routed to that domain.

    A stopped run continues when you start it again with the same data and options.
    """
    from mdsa.training.router_settings import RouterSettings
    from mdsa.training.rows import read_rows, read_texts

    rows = read_rows(data)
    validation = None if val is None else read_rows(val)
    outside = [] if oos is None else read_texts(oos)
    changes: dict[str, Any] = {"seed": seed}
    if epochs is not None:
        changes["epochs"] = epochs
    if not teacher:
        changes["teacher_epochs"] = 0
    settings = RouterSettings(**changes)
    findings = _check(rows, data) if check else None

    from mdsa.training.router import train_router

    with _stages() as show:
        report = train_router(
            rows,
            out,
            validation=validation,
            outside=outside,
            settings=settings,
            start=start,
            resume=resume,
            progress=show,
        )
    if invocation.as_json:
        warnings = [] if findings is None else findings.warnings()
        write_json({**report.as_dict(), "data_warnings": warnings})
    else:
        _show_router(report)


@training.command("check")
@takes_common_options("app_file", "data_dir")
def check_command(
    invocation: Invocation,
    data: _Rows,
    unlabelled: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Unlabelled texts, from which those most worth labelling are chosen.",
        ),
    ] = None,
) -> None:
    """Find mistakes in labelled rows, and suggest what to add."""
    from mdsa.training.data_checks import check_file

    report = check_file(data, unlabelled)
    if invocation.as_json:
        write_json(report.as_dict())
    else:
        from mdsa.cli.data_report import report_view

        console().print(report_view(report))


@training.command("encoder")
@takes_common_options("app_file", "data_dir")
def train_encoder_command(
    invocation: Invocation,
    data_dir: Annotated[
        Path,
        typer.Option("--data-dir", metavar="DIR", help="Folder with one subfolder per data set."),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write.")],
    steps: Annotated[int | None, typer.Option(min=1, help="Number of training batches.")] = None,
    seed: Annotated[int, typer.Option(help="Seed for the order of the texts.")] = 0,
) -> None:
    """Distil TinyBERT from all-MiniLM-L6-v2, as the shipped encoder was made.

    A stopped run continues from its last checkpoint when you start it again.
    """
    from mdsa.training.distillation import DistillationSettings
    from mdsa.training.encoder import train_encoder

    settings = DistillationSettings(seed=seed)
    if steps is not None:
        settings = DistillationSettings(seed=seed, steps=steps)
    with _stages() as show:
        report = train_encoder(
            data_dir,
            out,
            settings,
            progress=lambda done, total, _losses: show("distillation", done, total),
        )
    if invocation.as_json:
        write_json({"path": str(out), **_encoder_fields(report)})
    else:
        values = {"path": out, **_encoder_fields(report)}
        console().print(facts({name: plain(value) for name, value in values.items()}))


def _check(rows: list[LabelledText], data: Path) -> DataReport:
    from mdsa.cli.data_report import report_warnings
    from mdsa.training.data_checks import check_rows

    found = check_rows(rows)
    if found.warnings():
        errors = console(stderr=True)
        errors.print(report_warnings(found), soft_wrap=True)
        errors.print(plain(f"See them with: mdsa train check --data {data}", "dim"), soft_wrap=True)
    return found


@contextmanager
def _stages() -> Iterator[Progress]:
    """A progress bar for each stage of a run."""
    with progress_bar() as progress:
        tasks: dict[str, TaskID] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage, total=total)
            progress.update(tasks[stage], completed=done, total=total)

        yield show


def _show_router(report: RouterReport) -> None:
    manifest = report.manifest
    rows = [
        (name.replace("_", " "), f"{value:.4f}")
        for name, value in manifest.metrics.items()
        if isinstance(value, float)
    ]
    out = console()
    out.print(table(["held-out figure", "value"], rows))
    if manifest.metrics.get("rows_trained_on"):
        console(stderr=True).print(
            plain(
                "No rows could be held out: these figures and the confidences come from training "
                "rows, and are too good. Give more rows, or --val FILE."
            ),
            soft_wrap=True,
        )
    data, training_facts = manifest.data, manifest.training
    out.print(
        plain(
            f"{data['train']} rows, {data['labels']} labels, {data['domains']} domains; "
            f"{training_facts['epochs_run']} epochs, best was {training_facts['best_epoch']}; "
            f"{training_facts['seconds_of_this_process']:.0f} s",
            "dim",
        )
    )
    out.print(plain(report.path), soft_wrap=True)


def _encoder_fields(report: EncoderReport) -> dict[str, Any]:
    return {
        "steps": report.steps,
        "minutes": round(report.minutes, 1),
        "cosine": round(report.cosine, 4),
        "cosine_int8": round(report.cosine_int8, 4),
    }
