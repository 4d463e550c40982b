"""Sessions in a PostgreSQL database, which several servers may share."""

from __future__ import annotations

import builtins
import logging
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from langchain_core.runnables import RunnableConfig

from mdsa.errors import StorageError
from mdsa.sessions.backend import SessionBackend
from mdsa.sessions.index import check_owner
from mdsa.sessions.postgres.connection import Connector, postgres_errors
from mdsa.sessions.postgres.index import PostgresIndex
from mdsa.sessions.postgres.lease import PostgresLeases
from mdsa.sessions.postgres.saver import SessionPostgresSaver
from mdsa.sessions.transcript import validate_session_id
from mdsa.utils.pii import Redact

__all__ = ["PostgresSessionStore", "open_postgres_sessions"]

_log = logging.getLogger(__name__)

_SETUP = "setup of the tables"
_SETUP_WAIT_S = 60.0
_LONG_THREADS = "SELECT thread_id FROM checkpoints GROUP BY thread_id HAVING count(*) > 1"


class PostgresSessionStore(SessionBackend):
    """The sessions of one database; for one event loop. See `open_postgres_sessions`."""

    saver: SessionPostgresSaver
    _leases: PostgresLeases
    _index: PostgresIndex

    def __init__(self, saver: SessionPostgresSaver, leases: PostgresLeases) -> None:
        super().__init__(saver, leases, PostgresIndex(saver))
        saver.check_writer = leases.check

    async def setup(self) -> None:
        """Create the tables; servers that start together do it one after another."""
        async with self._leases.hold(_SETUP, _SETUP_WAIT_S):
            await self.saver.setup()
            await self._index.setup()

    @asynccontextmanager
    async def hold(
        self, session_id: str, user_id: str | None = None, *, wait_s: float | None = None
    ) -> AsyncIterator[None]:
        """Be the session's only writer, on all servers; see `SessionBackend.hold`."""
        validate_session_id(session_id)
        # A stranger must not get to wait in the owner's queue.
        if (info := await self._index.get(session_id)) is not None:
            check_owner(info, user_id)
        async with self._leases.hold(session_id, wait_s):
            await self._index.claim(session_id, user_id)
            yield

    async def after_turn(
        self,
        session_id: str,
        *,
        messages: int,
        last_domain: str | None = None,
        domains: Collection[str] | None = None,
    ) -> None:
        """Record a finished turn and drop obsolete checkpoints; see `SessionBackend`."""
        await self._leases.check(session_id)
        await self._index.record_turn(session_id, messages, last_domain, domains)
        try:
            with postgres_errors():
                await self.saver.aprune([session_id])
        except StorageError as error:
            _log.warning("session %s could not be pruned: %s", session_id, error)

    async def _delete_held(self, session_id: str) -> bool:
        known = await self._index.get(session_id) is not None
        config: RunnableConfig = {"configurable": {"thread_id": session_id}}
        known = await self.saver.aget_tuple(config) is not None or known
        # The row goes last: were this cut off, the session would still be there to be deleted.
        await self.saver.adelete_thread(session_id)
        return await self._index.delete(session_id) or known

    async def _checkpoints(self) -> int:
        (row,) = await self.saver.fetch("SELECT count(*) AS number FROM checkpoints")
        return int(row["number"])

    async def _with_old_checkpoints(self) -> builtins.list[str]:
        return [row["thread_id"] for row in await self.saver.fetch(_LONG_THREADS)]


@asynccontextmanager
async def open_postgres_sessions(
    url: str, *, wait_s: float = 30.0, redact: Redact | None = None
) -> AsyncIterator[PostgresSessionStore]:
    """Open the sessions of a database, creating their tables if need be.

    Args:
        url: `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`, or another form that libpq reads.
        wait_s: how long a second writer of a session waits its turn, in seconds.
        redact: applied to the texts that are stored.

    Raises:
        ConfigError: the address cannot be read.
        StorageError: the database cannot be used.
    """
    writing, leasing = Connector(url), Connector(url)
    try:
        saver = await SessionPostgresSaver.open(writing, redact)
        store = PostgresSessionStore(saver, PostgresLeases(leasing, wait_s))
        await store.setup()
        yield store
    finally:
        await writing.close()
        await leasing.close()
