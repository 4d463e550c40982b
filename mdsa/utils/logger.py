"""Loggers that write for people on the console and as JSON lines into a file."""

from __future__ import annotations

import logging
import re
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path
from threading import Lock
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

from mdsa.errors import InvalidInputError, StorageError
from mdsa.utils.pii import Redact, redact_within
from mdsa.utils.redaction import redact_content

__all__ = ["setup_logger"]

MAX_FILE_BYTES = 10_000_000
BACKUP_FILES = 5

_lock = Lock()


class _MdsaConsoleHandler(logging.StreamHandler):  # type: ignore[type-arg]  # generic in stubs only
    """Marks the console handler as ours, so that a second call replaces it."""


class _MdsaFileHandler(RotatingFileHandler):
    """Marks the file handler as ours."""


def setup_logger(
    name: str,
    level: int | str = logging.INFO,
    log_dir: str | Path | None = None,
    *,
    include_content: bool = False,
    redact: Redact | None = None,
) -> logging.Logger:
    """Make the logger `name` write to standard error, and into a file where `log_dir` is given.

    Calling it again replaces what the last call set up, so lines never come twice. Call it with
    `"mdsa"` to see what the library itself logs. Fields go in through `extra`:
    `logger.info("answered", extra={"domain": "orders"})`.

    Args:
        name: the logger's name: letters, digits, `.`, `_` and `-`. It names the file too.
        level: a level of `logging`, as number or name.
        log_dir: folder for `<name>.log`, one JSON object per line. It is made if need be; the file
            is rotated at 10 MB, and five old ones are kept.
        include_content: write fields such as `message`, `query` and `response` as they are. By
            default their length is written instead: logs travel further than conversations should.
            What is put into the line's text itself, an exception's message included, is written.
        redact: applied to every text of a line, an exception's included, such as a `PiiRedactor`.

    Raises:
        InvalidInputError: the name or the level cannot be used.
        StorageError: the folder or the file cannot be written.
    """
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", name):
        raise InvalidInputError(
            f"{name!r} cannot name a logger and its file; use letters, digits, '.', '_' and '-'."
        )
    logger = logging.getLogger(name)
    shared: list[Processor] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if not include_content:
        shared.append(redact_content)
    with _lock:
        try:
            logger.setLevel(level)
        except (ValueError, TypeError) as error:
            raise InvalidInputError(
                f"{level!r} is not a logging level; use DEBUG, INFO, WARNING, ERROR or CRITICAL."
            ) from error
        file_handler = (
            None if log_dir is None else _file_handler(Path(log_dir), name, shared, redact)
        )
        for handler in list(logger.handlers):
            if isinstance(handler, _MdsaConsoleHandler | _MdsaFileHandler):
                logger.removeHandler(handler)
                handler.close()
        logger.addHandler(_console_handler(shared, redact))
        if file_handler is not None:
            logger.addHandler(file_handler)
        # The root logger may have handlers of the application's own: each line once, please.
        logger.propagate = False
    return logger


def _console_handler(shared: list[Processor], redact: Redact | None) -> logging.Handler:
    handler = _MdsaConsoleHandler(sys.stderr)
    renderer = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(),
        # The pretty formatters print local variables, and with them the user's message.
        exception_formatter=structlog.dev.plain_traceback,
    )
    renderers: list[Any] = [renderer]
    if redact is not None:
        # After it: the renderer writes the exception.
        renderers.append(lambda _logger, _method, line: redact(line))
    handler.setFormatter(_formatter(shared, renderers))
    return handler


def _file_handler(
    folder: Path, name: str, shared: list[Processor], redact: Redact | None
) -> logging.Handler:
    path = folder / f"{name}.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = _MdsaFileHandler(
            path, maxBytes=MAX_FILE_BYTES, backupCount=BACKUP_FILES, encoding="utf-8"
        )
    except OSError as error:
        raise StorageError(
            f"cannot write the log file {path}: {error.strerror or error}; choose another log_dir "
            "or make it writable."
        ) from error
    renderers: list[Processor] = [
        structlog.processors.format_exc_info,
        *([] if redact is None else [_redacting(redact)]),
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
    ]
    handler.setFormatter(_formatter(shared, renderers))
    return handler


def _redacting(redact: Redact) -> Processor:
    def process(_logger: object, _method: str, event: EventDict) -> EventDict:
        # The time is no number of anybody's.
        return {**redact_within(event, redact, frozenset({"timestamp"}))}

    return process


def _formatter(shared: list[Processor], renderers: list[Processor]) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
    )
