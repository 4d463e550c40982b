"""What the process ends with: every error of ours is one line and exit code 2."""

from __future__ import annotations

import json
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


class ProgramGroup(TyperGroup):
    """Runs the commands; turns our errors into a line and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that the context names."""
        state = ctx.ensure_object(ProgramState)
        try:
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
    typer.echo(f"error: {_one_line(error)}", err=True)


def describe_error(error: MdsaError) -> dict[str, str]:
    """An error for JSON."""
    return {"type": type(error).__name__, "message": _one_line(error)}


def _one_line(error: MdsaError) -> str:
    from mdsa.cli.render import printable

    return " ".join(printable(str(error)).split())
