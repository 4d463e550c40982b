"""One writer per session, across all servers of a database."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import DictRow
from typing_extensions import override

from mdsa.errors import StorageError
from mdsa.sessions.lease import Leases, busy
from mdsa.sessions.postgres.connection import Connector, postgres_errors

__all__ = ["PostgresLeases"]

_POLL_S = 0.05


class PostgresLeases(Leases):
    """Exclusive leases by advisory locks; the database releases those of a dead process.

    One connection holds all leases of a process. It must reach the database itself, or a pooler in
    session mode: others give a lock to whoever has the connection next. Were it lost in the middle
    of a turn, that turn would go on without its lease.

    Args:
        connector: gives that connection, and is used for nothing else.
        wait_s: how long to wait for a lease.
    """

    def __init__(self, connector: Connector, wait_s: float) -> None:
        super().__init__(wait_s)
        self._connector = connector

    @override
    @asynccontextmanager
    async def _exclude_others(
        self, session_id: str, wait_s: float, deadline: float
    ) -> AsyncIterator[None]:
        key = _key(session_id)
        connection = await self._connector.get()
        try:
            try:
                held = await self._locked(connection, key)
            except StorageError:
                if not connection.closed:
                    raise
                # The database was restarted since the connection was last used.
                connection = await self._connector.get()
                held = await self._locked(connection, key)
            while not held:
                remaining = deadline - asyncio.get_running_loop().time()
                if remaining <= 0:
                    raise busy(session_id, wait_s)
                await asyncio.sleep(min(_POLL_S, remaining))
                held = await self._locked(connection, key)
            yield
        finally:
            # Also where the answer to a request for the lock was not waited for; a lock that is
            # not held is no error.
            await asyncio.shield(self._unlock(connection, key))

    @staticmethod
    async def _locked(connection: AsyncConnection[DictRow], key: int) -> bool:
        with postgres_errors():
            cursor = await connection.execute("SELECT pg_try_advisory_lock(%s) AS held", (key,))
            row = await cursor.fetchone()
        return row is not None and bool(row["held"])

    @staticmethod
    async def _unlock(connection: AsyncConnection[DictRow], key: int) -> None:
        # A connection that is lost has released it.
        with suppress(psycopg.OperationalError):
            await connection.execute("SELECT pg_advisory_unlock(%s)", (key,))


def _key(session_id: str) -> int:
    digest = hashlib.sha256(b"mdsa session " + session_id.encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
