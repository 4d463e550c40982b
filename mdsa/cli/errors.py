"""What the process ends with: every error of ours, and wrong usage, is one line and code 2."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

from mdsa.cli.options import ProgramState
from mdsa.errors import MdsaError

__all__ = ["FAILED", "INTERRUPTED", "ProgramGroup", "describe_error", "report_error"]

FAILED = 2
"""Exit code of a command that could not do what it was asked."""

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells expect it."""


_UsageError: Any = typer.BadParameter.__base__
"""Click's own class, or that of the copy of Click which newer versions of typer carry."""


class ProgramGroup(TyperGroup):
    """Runs the commands; turns our errors and wrong usage into a line and an exit code."""

    def make_context(
        self, info_name: Any, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        """Read the program's own options."""
        # A refused line is not read to its end, where `--json` may stand.
        as_json = "--json" in (args[: args.index("--")] if "--" in args else args)
        with _usage_errors(as_json):
            ctx = super().make_context(info_name, args, parent, **extra)
        ctx.ensure_object(ProgramState).take(as_json=as_json)
        return ctx

    def invoke(self, ctx: Any) -> Any:
        """Run the command that the context names."""
        state = ctx.ensure_object(ProgramState)
        try:
            with _usage_errors(state.as_json):
                return super().invoke(ctx)
        except MdsaError as error:
            report_error(error)
            if state.as_json:
                typer.echo(json.dumps({"error": describe_error(error)}))
            raise typer.Exit(FAILED) from error
        except KeyboardInterrupt as stop:
            raise typer.Exit(INTERRUPTED) from stop


def report_error(error: MdsaError) -> None:
    """Write an error as one line on standard error."""
    typer.echo(f"error: {_one_line(str(error))}", err=True)


def describe_error(error: MdsaError) -> dict[str, str]:
    """An error for JSON."""
    return {"type": type(error).__name__, "message": _one_line(str(error))}


@contextmanager
def _usage_errors(as_json: bool) -> Iterator[None]:
    try:
        yield
    except _UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # shows the help
            raise
        command = error.ctx.command_path if error.ctx else "mdsa"
        message = _one_line(f"{error.format_message().rstrip('.')} (see {command} --help)")
        typer.echo(f"error: {message}", err=True)
        if as_json:
            typer.echo(json.dumps({"error": {"type": "UsageError", "message": message}}))
        raise typer.Exit(FAILED) from error


def _one_line(text: str) -> str:
    from mdsa.cli.render import printable

    return " ".join(printable(text).split())
