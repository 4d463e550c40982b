"""Sessions: take part in one, list, show, delete and prune them."""

from __future__ import annotations

import builtins
import logging
import sqlite3
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from langchain_core.runnables import RunnableConfig

from mdsa.errors import InvalidInputError, SessionBusyError, StorageError, UnknownSessionError
from mdsa.sessions.checkpoint_clock import checkpoint_time
from mdsa.sessions.database import DATABASE_NAME, read_errors
from mdsa.sessions.index import SessionIndex, SessionInfo, check_owner
from mdsa.sessions.lease import SessionLeases
from mdsa.sessions.pruning import delete_thread_rows, keep_latest
from mdsa.sessions.reach import told_domains
from mdsa.sessions.sqlite import SessionSqliteSaver
from mdsa.sessions.transcript import TranscriptMessage, to_transcript, validate_session_id
from mdsa.utils.pii import Redact

__all__ = ["PruneReport", "Session", "SessionStore", "open_session_store"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Session:
    """A session with its messages."""

    session_id: str
    user_id: str | None
    turns: int
    updated_at: datetime
    """In UTC."""
    last_domain: str | None
    messages: list[TranscriptMessage]
    """Oldest first; what the state still holds."""
    domains: frozenset[str] = frozenset()
    """Those that it tells of: that answered, or could have; see `told_domains`."""


@dataclass(frozen=True, slots=True)
class PruneReport:
    """What pruning did."""

    deleted: list[str]
    """Sessions deleted, the longest unused first."""
    busy: list[str]
    """Sessions that were due but in use; the next run takes them."""
    checkpoints_deleted: int
    bytes_freed: int
    """By how much the database shrank."""


class SessionStore:
    """The sessions of one data directory; for one event loop. See `open_session_store`."""

    def __init__(self, saver: SessionSqliteSaver, leases: SessionLeases) -> None:
        self.saver = saver
        """The checkpointer to compile the graph with."""
        self._leases = leases
        self._index = SessionIndex(saver)

    @asynccontextmanager
    async def hold(
        self, session_id: str, user_id: str | None = None, *, wait_s: float | None = None
    ) -> AsyncIterator[None]:
        """Be the session's only writer; run the graph, then `after_turn`, within.

        Raises:
            InvalidInputError: the id cannot name a session.
            SessionAccessError: the session belongs to another user, and the caller is not that
                user; an anonymous caller (None) is nobody's owner.
            SessionBusyError: another writer held it for all of `wait_s` seconds.
            StorageError: the data directory cannot be used.
        """
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
        """Record a finished turn and drop the checkpoints that it made obsolete.

        Call it within `hold`, after the graph has returned. From then on the turn survives a power
        cut; where this fails, it may not, and must not be answered. A failure to drop checkpoints
        is logged: the next turn catches up on it.

        Args:
            session_id: The session held.
            messages: How many messages its state holds now.
            last_domain: The domain that answered last.
            domains: Those that its state tells of; None leaves the session's unknown.

        Raises:
            StorageError: the database refused to record the turn.
        """

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

    async def list(
        self, user_id: str | None = None, *, limit: int | None = 100
    ) -> builtins.list[SessionInfo]:
        """Return sessions, last used first.

        Args:
            user_id: Only this user's. None lists everyone's, and threads that plain LangGraph
                use left in the database (no owner, zero turns).
            limit: At most so many; None for all.

        Raises:
            StorageError: the database cannot be read.
        """
        return await self._index.list(user_id, limit)

    async def show(self, session_id: str, user_id: str | None = None) -> Session:
        """Return a session with its messages.

        Raises:
            UnknownSessionError: no such session.
            SessionAccessError: it belongs to another user.
            StorageError: the database cannot be read.
        """
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
        """Delete a session; its text is gone from the file too.

        Raises:
            UnknownSessionError: no such session.
            SessionAccessError: it belongs to another user.
            SessionBusyError: it is answering and did not finish in time.
            StorageError: the database refused; nothing was deleted.
        """
        await self._check_access(validate_session_id(session_id), user_id)
        async with self._leases.hold(session_id):
            await self._check_access(session_id, user_id)
            if not await self._delete_held(session_id):
                raise _unknown(session_id)
        await self.saver.shrink()

    async def prune(
        self,
        *,
        max_age: timedelta | None = None,
        max_sessions: int | None = None,
        keep_latest_only: bool = True,
    ) -> PruneReport:
        """Delete old sessions, cut the others to their latest checkpoint, shrink the file.

        Sessions in use are passed over.

        Args:
            max_age: Delete sessions not used for longer.
            max_sessions: Keep only so many, the last used.
            keep_latest_only: Drop the older checkpoints of the sessions that stay.

        Raises:
            InvalidInputError: a negative limit.
            StorageError: the database refused.
        """
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
                    if await self._unused_since(due):
                        await self._delete_held(due.session_id)
                        deleted.append(due.session_id)
            except SessionBusyError:
                busy.append(due.session_id)
        if keep_latest_only:
            rows = await self.saver.fetch(
                "SELECT thread_id FROM checkpoints GROUP BY thread_id HAVING count(*) > 1"
            )
            for (session_id,) in rows:
                try:
                    async with self._leases.hold(session_id, 0):
                        await self.saver.aprune([session_id])
                except SessionBusyError:
                    if session_id not in busy:
                        busy.append(session_id)
        return PruneReport(deleted, busy, before - await self._count(), await self.saver.shrink())

    async def _due(
        self, max_age: timedelta | None, max_sessions: int | None
    ) -> builtins.list[SessionInfo]:
        if max_age is None and max_sessions is None:
            return []
        infos = await self._index.list(None, None)
        oldest = datetime.now(UTC) - max_age if max_age is not None else None
        due = [
            info
            for place, info in enumerate(infos)
            if (max_sessions is not None and place >= max_sessions)
            or (oldest is not None and info.updated_at < oldest)
        ]
        return due[::-1]

    async def _unused_since(self, seen: SessionInfo) -> bool:
        now = await self._index.get(seen.session_id)
        return now is None or now.updated_at == seen.updated_at

    async def _check_access(self, session_id: str, user_id: str | None) -> SessionInfo | None:
        """The session's row; without a user, for the administrator, who may see every one."""
        info = await self._index.get(session_id)
        if info is not None and user_id is not None:
            check_owner(info, user_id)
        return info

    async def _delete_held(self, session_id: str) -> bool:
        def delete(conn: sqlite3.Connection) -> bool:
            known = self._index.delete(conn, session_id)
            return delete_thread_rows(conn, session_id) > 0 or known

        return await self.saver.change(delete)

    async def _count(self) -> int:
        return int((await self.saver.fetch("SELECT count(*) FROM checkpoints"))[0][0])


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


def _unknown(session_id: str) -> UnknownSessionError:
    return UnknownSessionError(
        f"no session {session_id!r}: it was never used, or was deleted or pruned; list the "
        "sessions to see those that exist."
    )
