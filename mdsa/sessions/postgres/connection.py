"""Connections to the session database, and what is wrong with it in words."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row

from mdsa.errors import ConfigError, StorageError

__all__ = ["Connector", "postgres_errors"]

_PARAMETERS: dict[str, Any] = {
    "application_name": "mdsa",
    "connect_timeout": 10,
    # A network that has gone silent is an error within half a minute; the system waits for hours.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
"""Of libpq, where the address does not give them."""

_OPTIONS: dict[str, Any] = {
    "autocommit": True,
    # Poolers between here and the database may give each statement another connection.
    "prepare_threshold": None,
    "row_factory": dict_row,
}


@contextmanager
def postgres_errors() -> Iterator[None]:
    """Turn what the driver raises into a StorageError; its messages hold no password."""
    try:
        yield
    except psycopg.Error as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise StorageError(
            f"session database of MDSA_DATABASE_URL: {reason}. Check that PostgreSQL runs, that "
            "it can be reached from here, and that the user may create and write tables."
        ) from error


class Connector:
    """One connection, made anew after it was lost; for one event loop.

    A pool would bring nothing: LangGraph's saver runs one statement at a time.

    Args:
        url: of the database.

    Raises:
        ConfigError: the address cannot be read.
    """

    def __init__(self, url: str) -> None:
        try:
            given = psycopg.conninfo.conninfo_to_dict(url)
        except psycopg.ProgrammingError:
            # Not as its cause, which quotes the address and with it the password.
            raise ConfigError(
                "MDSA_DATABASE_URL is not a PostgreSQL address; write it as "
                "postgresql://USER:PASSWORD@HOST:5432/DATABASE."
            ) from None
        self._parameters = {**_PARAMETERS, **given}
        self._connecting = asyncio.Lock()
        self._connection: AsyncConnection[DictRow] | None = None

    async def get(self) -> AsyncConnection[DictRow]:
        """Give the connection; that it was lost, it shows once it is used.

        Raises:
            StorageError: the database cannot be reached.
        """
        async with self._connecting:
            if self._connection is None or self._connection.closed:
                with postgres_errors():
                    self._connection = await AsyncConnection.connect(**self._parameters, **_OPTIONS)
            return self._connection

    async def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            await self._connection.close()
