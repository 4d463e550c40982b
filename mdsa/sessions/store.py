"""Sessions in the SQLite file of a data directory."""

from __future__ import annotations

import builtins
import logging
import sqlite3
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

from mdsa.errors import StorageError
from mdsa.sessions.backend import SessionBackend
from mdsa.sessions.database import DATABASE_NAME, read_errors
from mdsa.sessions.index import SessionIndex, check_owner
from mdsa.sessions.lease import SessionLeases
from mdsa.sessions.pruning import delete_thread_rows, keep_latest
from mdsa.sessions.sqlite import SessionSqliteSaver
from mdsa.sessions.transcript import validate_session_id
from mdsa.utils.pii import Redact

__all__ = ["SessionStore", "open_session_store"]

_log = logging.getLogger(__name__)

_LONG_THREADS = "SELECT thread_id FROM checkpoints GROUP BY thread_id HAVING count(*) > 1"


class SessionStore(SessionBackend):
    """The sessions of one data directory; for one event loop. See `open_session_store`."""

    saver: SessionSqliteSaver
    _index: SessionIndex

    def __init__(self, saver: SessionSqliteSaver, leases: SessionLeases) -> None:
        super().__init__(saver, leases, SessionIndex(saver))

    @asynccontextmanager
    async def hold(
        self, session_id: str, user_id: str | None = None, *, wait_s: float | None = None
    ) -> AsyncIterator[None]:
        """Be the session's only writer; see `SessionBackend.hold`."""
        validate_session_id(session_id)
        # A stranger must not get to wait in the owner's queue.
        if (info := await self._index.get(session_id)) is not None:
            check_owner(info, user_id)
        async with self._leases.hold(session_id, wait_s):
            await self._index.claim(session_id, user_id)
            with self.saver.turn(session_id):
                try:
                    yield
                except BaseException:
                    # What was answered before the turn was stopped is to stay; see `turn`.
                    if self.saver.spared(session_id):
                        touch = partial(self._index.touch, session_id=session_id)
                        with suppress(StorageError):
                            await self.saver.change(touch)
                    raise

    async def after_turn(
        self,
        session_id: str,
        *,
        messages: int,
        last_domain: str | None = None,
        domains: Collection[str] | None = None,
    ) -> None:
        """Record a finished turn and drop obsolete checkpoints; see `SessionBackend`."""

        def record(conn: sqlite3.Connection) -> None:
            self._index.record_turn(conn, session_id, messages, last_domain, domains)

        def drop(conn: sqlite3.Connection) -> None:
            keep_latest(conn, self.saver.serde, session_id)

        await self.saver.change(record)
        try:
            with read_errors(self.saver.path):
                await self.saver.change(drop, lasting=False)
        except StorageError as error:
            _log.warning("session %s could not be pruned: %s", session_id, error)

    async def _delete_held(self, session_id: str) -> bool:
        def delete(conn: sqlite3.Connection) -> bool:
            known = self._index.delete(conn, session_id)
            return delete_thread_rows(conn, session_id) > 0 or known

        return await self.saver.change(delete)

    async def _checkpoints(self) -> int:
        return int((await self.saver.fetch("SELECT count(*) FROM checkpoints"))[0][0])

    async def _with_old_checkpoints(self) -> builtins.list[str]:
        return [thread_id for (thread_id,) in await self.saver.fetch(_LONG_THREADS)]

    async def _shrink(self) -> int:
        return await self.saver.shrink()


@asynccontextmanager
async def open_session_store(
    data_dir: Path, *, wait_s: float = 30.0, redact: Redact | None = None
) -> AsyncIterator[SessionStore]:
    """Open the sessions of a data directory, creating it if need be.

    Args:
        data_dir: Holds `sessions.db` and the lock files of sessions in use.
        wait_s: How long a second writer of a session waits its turn, in seconds.
        redact: Applied to the texts that are stored.

    Raises:
        StorageError: the directory or the database cannot be used; a damaged database file is
            left as it is.
    """
    async with SessionSqliteSaver.open(data_dir / DATABASE_NAME, redact) as saver:
        store = SessionStore(saver, SessionLeases(data_dir / "leases", wait_s))
        await store._index.setup()
        yield store
