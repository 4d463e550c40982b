"""The options that every command takes, before or after its name, and what they amount to."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from mdsa.settings import Settings

__all__ = [
    "AppOption",
    "DataDirOption",
    "Invocation",
    "JsonOption",
    "ProgramState",
    "takes_common_options",
]

AppOption = Annotated[
    Path | None,
    typer.Option("--app", metavar="FILE", help="App file (default: MDSA_APP, else the demo's)."),
]
DataDirOption = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        metavar="DIR",
        help="Folder for sessions and knowledge (default: MDSA_DATA_DIR).",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")]

_COMMON: dict[str, tuple[Any, Any]] = {
    "app_file": (AppOption, None),
    "data_dir": (DataDirOption, None),
    "as_json": (JsonOption, False),
}


@dataclass
class ProgramState:
    """What was given on the command line so far, and whether the process is ours alone.

    Attributes:
        owns_process: the command line was started as a program; only then it sets up logging.
    """

    owns_process: bool = False
    app_file: Path | None = None
    data_dir: Path | None = None
    as_json: bool = False

    def take(
        self, *, app_file: Path | None = None, data_dir: Path | None = None, as_json: bool = False
    ) -> None:
        """Note the options of the program or of its command; the later ones win."""
        self.app_file = app_file or self.app_file
        self.data_dir = data_dir or self.data_dir
        self.as_json = as_json or self.as_json


@dataclass(frozen=True)
class Invocation:
    """What a command is told: its settings, and how to answer."""

    state: ProgramState

    @property
    def as_json(self) -> bool:
        """Whether standard output is for a program."""
        return self.state.as_json

    @cached_property
    def settings(self) -> Settings:
        """The environment's settings with the options on top.

        Raises:
            ConfigError: a variable holds a value that its setting refuses.
            InvalidInputError: the log level is none.
            StorageError: the log folder cannot be written.
        """
        from mdsa.settings import load_settings

        settings = load_settings()
        changes: dict[str, Path] = {}
        if self.state.app_file is not None:
            changes["app"] = self.state.app_file
        if self.state.data_dir is not None:
            changes["data_dir"] = self.state.data_dir
        if self.state.owns_process:
            from mdsa.cli.logs import set_up_logs

            set_up_logs(settings)
        return settings.model_copy(update=changes)


def takes_common_options(
    *without: str,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the common options, so that they may stand after its name too.

    The command gets an `Invocation` as first argument in their place.

    Args:
        *without: `app_file` or `data_dir`, where the command has no use for it.
    """
    common = {name: option for name, option in _COMMON.items() if name not in without}

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def run(ctx: typer.Context, **given: Any) -> None:
            state = ctx.ensure_object(ProgramState)
            state.take(**{name: given.pop(name) for name in common})
            command(Invocation(state), **given)

        own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
        added = [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=option
            )
            for name, (option, default) in common.items()
        ]
        context = inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
        parameters = [
            context,
            *(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own),
            *added,
        ]
        # typer reads a command's options from its signature.
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # set, not declared
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return run

    return decorate
