"""Opens the sessions where the settings say that they are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec

from mdsa.errors import ConfigError
from mdsa.sessions.backend import SessionBackend
from mdsa.sessions.store import open_session_store
from mdsa.settings import Settings

__all__ = ["open_sessions"]


@asynccontextmanager
async def open_sessions(settings: Settings) -> AsyncIterator[SessionBackend]:
    """Open the PostgreSQL database of `MDSA_DATABASE_URL`, or the data directory's file.

    Raises:
        ConfigError: libraries are not installed that the settings need.
        StorageError: the database cannot be used.
    """
    redact = settings.stored_redaction()
    wait_s = settings.session_wait_s
    if settings.database_url is None:
        async with open_session_store(settings.data_dir, wait_s=wait_s, redact=redact) as file:
            yield file
        return
    if find_spec("psycopg") is None or find_spec("langgraph.checkpoint.postgres") is None:
        raise ConfigError(
            "MDSA_DATABASE_URL is set and PostgreSQL's libraries are not installed; "
            "pip install 'mdsa[postgres]'."
        )
    from mdsa.sessions.postgres import open_postgres_sessions

    url = settings.database_url.get_secret_value()
    async with open_postgres_sessions(url, wait_s=wait_s, redact=redact) as database:
        yield database
