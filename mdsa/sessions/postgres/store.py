"""Sessions in PostgreSQL: take part in one, list, show, delete and prune them."""

from __future__ import annotations

import builtins
import logging
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from langchain_core.runnables import RunnableConfig

from mdsa.errors import InvalidInputError, SessionBusyError, StorageError, UnknownSessionError
from mdsa.sessions.checkpoint_clock import checkpoint_time
from mdsa.sessions.index import SessionInfo, check_owner
from mdsa.sessions.postgres.connection import Connector, postgres_errors
from mdsa.sessions.postgres.index import PostgresIndex
from mdsa.sessions.postgres.lease import PostgresLeases
from mdsa.sessions.postgres.saver import SessionPostgresSaver
from mdsa.sessions.reach import told_domains
from mdsa.sessions.store import PruneReport, Session
from mdsa.sessions.transcript import to_transcript, validate_session_id
from mdsa.utils.pii import Redact

__all__ = ["PostgresSessionStore", "open_postgres_sessions"]

_log = logging.getLogger(__name__)

_SETUP = "setup of the tables"
_SETUP_WAIT_S = 60.0
_LONG_THREADS = "SELECT thread_id FROM checkpoints GROUP BY thread_id HAVING count(*) > 1"


class PostgresSessionStore:
    """The sessions of one database; for one event loop. See `SessionStore` for the methods.

    Every method raises StorageError where the database cannot be used.
    """

    def __init__(self, saver: SessionPostgresSaver, leases: PostgresLeases) -> None:
        self.saver = saver
        """The checkpointer to compile the graph with."""
        self._leases = leases
        saver.check_writer = leases.check
        self._index = PostgresIndex(saver)

    async def setup(self) -> None:
        """Create the tables; servers that start together do it one after another."""
        async with self._leases.hold(_SETUP, _SETUP_WAIT_S):
            await self.saver.setup()
            await self._index.setup()

    @asynccontextmanager
    async def hold(
        self, session_id: str, user_id: str | None = None, *, wait_s: float | None = None
    ) -> AsyncIterator[None]:
        """Be the session's only writer, on all servers; see `SessionStore.hold`."""
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
        """Record a finished turn and drop obsolete checkpoints; see `SessionStore.after_turn`."""
        await self._leases.check(session_id)
        await self._index.record_turn(session_id, messages, last_domain, domains)
        try:
            with postgres_errors():
                await self.saver.aprune([session_id])
        except StorageError as error:
            _log.warning("session %s could not be pruned: %s", session_id, error)

    async def list(
        self, user_id: str | None = None, *, limit: int | None = 100
    ) -> builtins.list[SessionInfo]:
        """Return sessions, last used first; see `SessionStore.list`."""
        return await self._index.list(user_id, limit)

    async def show(self, session_id: str, user_id: str | None = None) -> Session:
        """Return a session with its messages; see `SessionStore.show`."""
        info = await self._check_access(validate_session_id(session_id), user_id)
        config: RunnableConfig = {"configurable": {"thread_id": session_id}}
        found = await self.saver.aget_tuple(config)
        if found is None and info is None:
            raise _unknown(session_id)
        values = found.checkpoint["channel_values"] if found else {}
        messages = to_transcript(values.get("messages") or [])
        # A turn that runs, or was cut off, is not in the row.
        domains = told_domains(session_id, values)
        if info is None:
            updated_at = checkpoint_time(found.checkpoint["id"] if found else "")
            last_domain = values.get("last_domain")
            return Session(session_id, None, 0, updated_at, last_domain, messages, domains)
        return Session(
            *(session_id, info.user_id, info.turns, info.updated_at, info.last_domain, messages),
            domains=domains.union(
                info.domains or (), [info.last_domain] if info.last_domain else ()
            ),
        )

    async def delete(self, session_id: str, user_id: str | None = None) -> None:
        """Delete a session; see `SessionStore.delete`."""
        await self._check_access(validate_session_id(session_id), user_id)
        async with self._leases.hold(session_id):
            await self._check_access(session_id, user_id)
            if not await self._delete_held(session_id):
                raise _unknown(session_id)

    async def prune(
        self,
        *,
        max_age: timedelta | None = None,
        max_sessions: int | None = None,
        keep_latest_only: bool = True,
    ) -> PruneReport:
        """Delete old sessions; see `SessionStore.prune`. PostgreSQL gives space back by itself."""
        if (max_age is not None and max_age < timedelta(0)) or (max_sessions or 0) < 0:
            raise InvalidInputError(
                f"max_age={max_age} and max_sessions={max_sessions} must not be negative."
            )
        deleted: builtins.list[str] = []
        busy: builtins.list[str] = []
        before = await self._count()
        for due in await self._due(max_age, max_sessions):
            try:
                async with self._leases.hold(due.session_id, 0):
                    now = await self._index.get(due.session_id)
                    if now is None or now.updated_at == due.updated_at:
                        await self._delete_held(due.session_id)
                        deleted.append(due.session_id)
            except SessionBusyError:
                busy.append(due.session_id)
        if keep_latest_only:
            for row in await self.saver.fetch(_LONG_THREADS):
                try:
                    async with self._leases.hold(row["thread_id"], 0):
                        await self.saver.aprune([row["thread_id"]])
                except SessionBusyError:
                    if row["thread_id"] not in busy:
                        busy.append(row["thread_id"])
        return PruneReport(deleted, busy, before - await self._count(), bytes_freed=0)

    async def _due(
        self, max_age: timedelta | None, max_sessions: int | None
    ) -> builtins.list[SessionInfo]:
        if max_age is None and max_sessions is None:
            return []
        oldest = datetime.now(UTC) - max_age if max_age is not None else None
        return [
            info
            for place, info in enumerate(await self._index.list(None, None))
            if (max_sessions is not None and place >= max_sessions)
            or (oldest is not None and info.updated_at < oldest)
        ][::-1]

    async def _check_access(self, session_id: str, user_id: str | None) -> SessionInfo | None:
        """The session's row; without a user, for the administrator, who may see every one."""
        info = await self._index.get(session_id)
        if info is not None and user_id is not None:
            check_owner(info, user_id)
        return info

    async def _delete_held(self, session_id: str) -> bool:
        known = await self._index.get(session_id) is not None
        config: RunnableConfig = {"configurable": {"thread_id": session_id}}
        known = await self.saver.aget_tuple(config) is not None or known
        # The row goes last: were this cut off, the session would still be there to be deleted.
        await self.saver.adelete_thread(session_id)
        return await self._index.delete(session_id) or known

    async def _count(self) -> int:
        (row,) = await self.saver.fetch("SELECT count(*) AS number FROM checkpoints")
        return int(row["number"])


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


def _unknown(session_id: str) -> UnknownSessionError:
    return UnknownSessionError(
        f"no session {session_id!r}: it was never used, or was deleted or pruned; list the "
        "sessions to see those that exist."
    )
