"""Assembles the `mdsa` command. Heavy modules are imported only by the commands that need them."""

from __future__ import annotations

import os
import sys
import warnings
from io import TextIOWrapper
from typing import Annotated

import typer

from mdsa import __version__
from mdsa.cli.ask import ask, resume
from mdsa.cli.chat import chat
from mdsa.cli.demo import demo
from mdsa.cli.doctor import doctor
from mdsa.cli.errors import INTERRUPTED, ProgramGroup
from mdsa.cli.evaluate import evaluations
from mdsa.cli.ingest import ingest
from mdsa.cli.keys import keys
from mdsa.cli.models import models
from mdsa.cli.options import AppOption, DataDirOption, JsonOption, ProgramState
from mdsa.cli.route import route
from mdsa.cli.serve import serve
from mdsa.cli.sessions import sessions
from mdsa.cli.train import training

__all__ = ["app", "main"]

app = typer.Typer(
    name="mdsa",
    cls=ProgramGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (demo, chat, ask, resume, route, ingest, serve, doctor):
    app.command()(command)
app.add_typer(sessions, name="sessions")
app.add_typer(keys, name="keys")
app.add_typer(evaluations, name="eval")
app.add_typer(training, name="train")
app.add_typer(models, name="models")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mdsa {__version__}")
        raise typer.Exit


@app.callback()
def _program(
    ctx: typer.Context,
    app_file: AppOption = None,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
    _version: Annotated[
        bool,
        typer.Option(  # the callback does it
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Answer each message with the right specialist small language model.

    Settings come from environment variables and from a .env file in the working directory.
    """
    state = ctx.ensure_object(ProgramState)
    state.take(app_file=app_file, data_dir=data_dir, as_json=as_json)


def main() -> None:
    """Run the command line of this process; does not return."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    # A terminal that cannot show a character must not stop an answer; input that is not text is
    # refused where messages are checked.
    for stream, errors in (
        (sys.stdin, "surrogateescape"),
        (sys.stdout, "replace"),
        (sys.stderr, "replace"),
    ):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=errors)
    try:
        app(obj=ProgramState(owns_process=True))
    except SystemExit as end:
        if end.code == INTERRUPTED:
            # Threads may still wait for a model's server; they would hold the process.
            _leave(INTERRUPTED)
        raise


def _leave(code: int) -> None:
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)
