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
    session mode: others give a lock to whoever has the connection next. Where it is lost,
    so are its leases: `check` tells.

    Args:
        connector: gives that connection, and is used for nothing else.
        wait_s: how long to wait for a lease.
    """

    def __init__(self, connector: Connector, wait_s: float) -> None:
        super().__init__(wait_s)
        self._connector = connector
        self._held: dict[str, AsyncConnection[DictRow]] = {}

    async def check(self, session_id: str) -> None:
        """Make sure that a session that this process took is still its own.

        The database releases a lease with the connection that took it, and with nothing else.

        Raises:
            StorageError: the lease was lost; another server may be writing.
        """
        if (connection := self._held.get(session_id)) is None:
            return
        try:
            await connection.execute("SELECT 1")
        except psycopg.OperationalError as error:
            raise StorageError(
                f"this server lost its lease of session {session_id!r} with its connection to the "
                "database of MDSA_DATABASE_URL, and another may be answering there by now; the "
                "turn was stopped. Look at the session, then send the message again."
            ) from error

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
            self._held[session_id] = connection
            yield
        finally:
            self._held.pop(session_id, None)
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
