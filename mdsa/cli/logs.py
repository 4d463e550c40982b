"""Logging of the program: MDSA's own lines on standard error, dependencies silent."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from mdsa.utils import setup_logger

if TYPE_CHECKING:
    from mdsa.settings import Settings

__all__ = ["set_up_audit_log", "set_up_logs"]


def set_up_logs(settings: Settings) -> None:
    """Send what MDSA logs to standard error and, where it is set, into the log folder.

    Raises:
        InvalidInputError: `LOG_LEVEL` is no level.
        StorageError: `LOG_DIR` cannot be written.
    """
    # Without any handler, Python itself writes the warnings of dependencies.
    logging.getLogger().addHandler(logging.NullHandler())
    setup_logger(
        "mdsa", settings.log_level.upper(), settings.log_dir, redact=settings.log_redaction()
    )


def set_up_audit_log(settings: Settings) -> None:
    """Write a line per request of the server, whatever the log level.

    Raises:
        StorageError: `LOG_DIR` cannot be written.
    """
    setup_logger("mdsa.audit", logging.INFO, settings.log_dir, redact=settings.log_redaction())
