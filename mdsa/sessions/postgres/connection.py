"""Connections to the session database, and what is wrong with it in words."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from mdsa.errors import ConfigError, StorageError

__all__ = ["Pool", "open_connection", "open_pool", "postgres_errors"]

Pool = AsyncConnectionPool[AsyncConnection[DictRow]]

_OPTIONS: dict[str, Any] = {
    "autocommit": True,
    # Poolers between here and the database may give each statement another connection.
    "prepare_threshold": None,
    "row_factory": dict_row,
    "application_name": "mdsa",
}
_MOST_CONNECTIONS = 4
_CONNECT_S = 10.0


@contextmanager
def postgres_errors() -> Iterator[None]:
    """Turn what the driver raises into a StorageError; its messages hold no password."""
    try:
        yield
    except (psycopg.Error, PoolTimeout) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise StorageError(
            f"session database of MDSA_DATABASE_URL: {reason}. Check that PostgreSQL runs, that "
            "it can be reached from here, and that the user may create and write tables."
        ) from error


@asynccontextmanager
async def open_pool(url: str) -> AsyncIterator[Pool]:
    """Open a few connections.

    Raises:
        ConfigError: the address cannot be read.
        StorageError: the database cannot be reached.
    """
    try:
        psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise ConfigError(
            "MDSA_DATABASE_URL is no PostgreSQL address; write it as "
            "postgresql://USER:PASSWORD@HOST:5432/DATABASE."
        ) from error
    with postgres_errors():
        # The pool itself tries for long, and tells its reasons to the log only.
        await (await open_connection(url)).close()
    pool: Pool = AsyncConnectionPool(
        url,
        min_size=1,
        max_size=_MOST_CONNECTIONS,
        kwargs=_OPTIONS,
        timeout=_CONNECT_S,
        open=False,
        check=AsyncConnectionPool.check_connection,
        name="mdsa-sessions",
    )
    try:
        with postgres_errors():
            await pool.open(wait=True, timeout=_CONNECT_S)
        yield pool
    finally:
        await pool.close()


async def open_connection(url: str) -> AsyncConnection[DictRow]:
    """Open a connection of its own."""
    return await AsyncConnection.connect(url, connect_timeout=int(_CONNECT_S), **_OPTIONS)
