"""`mdsa train slm`: the adapter of `embedded://smollm2`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mdsa.cli.options import Invocation, takes_common_options
from mdsa.cli.render import console, write_json

__all__ = ["train_slm_command"]


@takes_common_options("app_file", "data_dir")
def train_slm_command(
    invocation: Invocation,
    data_dir: Annotated[
        Path,
        typer.Option(
            "--data-dir", metavar="DIR", help="Folder with rag/, tools/, dialogue/, intent/."
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write.")],
    minutes: Annotated[float, typer.Option(min=0.1, help="Training time, over all runs.")] = 60.0,
    threads: Annotated[int, typer.Option(min=1, help="Number of CPU threads.")] = 1,
    seed: Annotated[int, typer.Option(help="Random seed for the samples and their order.")] = 0,
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="GGUF file (default: the pulled one).")
    ] = None,
    export_only: Annotated[
        bool, typer.Option("--export-only", help="Only write the adapter of the last checkpoint.")
    ] = False,
) -> None:
    """Train a low-rank adapter for SmolLM2, as the shipped one was made; needs mdsa[slm-train].

    A stopped run continues from its last checkpoint when you start it again.
    """
    from mdsa.models.smollm2.files import find_weights
    from mdsa.training.slm import export_adapter, train_adapter
    from mdsa.training.slm_fit import FitSettings

    settings = FitSettings(minutes=minutes, threads=threads, seed=seed)
    base = weights or find_weights(invocation.settings)
    if export_only:
        made = export_adapter(out, settings.alpha, base)
    else:
        errors = console(stderr=True)
        made = train_adapter(data_dir, out, settings, weights=base, progress=errors.print)
    if invocation.as_json:
        write_json({"path": str(made)})
    else:
        console().print(str(made))
