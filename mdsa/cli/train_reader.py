"""`mdsa train reader`: the adapter of the reader's encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mdsa.cli.options import Invocation, takes_common_options
from mdsa.cli.render import console, progress_bar, write_json

__all__ = ["train_reader_command"]


@takes_common_options("app_file", "data_dir")
def train_reader_command(
    invocation: Invocation,
    organisations: Annotated[
        Path,
        typer.Option(
            metavar="DIR", help="Folder of JSON files with documents and questions about them."
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write.")],
    data_dir: Annotated[
        Path | None,
        typer.Option(
            "--data-dir", metavar="DIR", help="Folder with rag/ (default: no public data sets)."
        ),
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Number of training batches.")] = None,
    threads: Annotated[int, typer.Option(min=1, help="Number of CPU threads.")] = 2,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
) -> None:
    """Train the adapter the reader finds answers with, as the shipped one was made.

    A stopped run continues from its last checkpoint when you start it again.
    """
    from mdsa.training.reader import train_reader
    from mdsa.training.reader_settings import ReaderSettings

    settings = ReaderSettings(threads=threads, seed=seed)
    if steps is not None:
        settings = ReaderSettings(threads=threads, seed=seed, steps=steps)
    with progress_bar() as progress:
        task = progress.add_task("training", total=settings.steps)
        manifest = train_reader(
            organisations,
            out,
            settings,
            data_dir=data_dir,
            progress=lambda done, total, loss: progress.update(
                task, completed=done, total=total, description=f"training, loss {loss:.3f}"
            ),
        )
    if invocation.as_json:
        write_json({"path": str(out), **manifest})
    else:
        console().print(str(out))
