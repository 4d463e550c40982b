"""A row per session beside its checkpoints: whose it is, how long, when last used."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from mdsa.errors import SessionAccessError
from mdsa.sessions.checkpoint_clock import checkpoint_time
from mdsa.sessions.reach import read_names, write_names
from mdsa.sessions.sqlite import SessionSqliteSaver

__all__ = ["SessionIndex", "SessionInfo", "check_owner", "joined_names"]

_SCHEMA: Final = (
    """
    CREATE TABLE IF NOT EXISTS mdsa_sessions (
        session_id TEXT PRIMARY KEY,
        user_id TEXT,
        turns INTEGER NOT NULL DEFAULT 0,
        messages INTEGER NOT NULL DEFAULT 0,
        updated_at REAL NOT NULL,
        last_domain TEXT,
        domains TEXT
    )
    """,
    "CREATE INDEX IF NOT EXISTS mdsa_sessions_by_time ON mdsa_sessions (updated_at)",
    "CREATE INDEX IF NOT EXISTS mdsa_sessions_by_user ON mdsa_sessions (user_id, updated_at)",
)

_ADDED: Final = "ALTER TABLE mdsa_sessions ADD COLUMN domains TEXT"
"""For tables of before there was that column."""

_COLUMNS: Final = "session_id, user_id, turns, messages, updated_at, last_domain, domains"
_GET: Final = f"SELECT {_COLUMNS} FROM mdsa_sessions WHERE session_id = ?"  # noqa: S608 - ours

# Threads that a graph of the application wrote through the same saver have no row.
_PLAIN_THREADS: Final = """
SELECT thread_id, max(checkpoint_id) FROM checkpoints
WHERE thread_id NOT IN (SELECT session_id FROM mdsa_sessions)
GROUP BY thread_id ORDER BY max(checkpoint_id) DESC LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A session in a list."""

    session_id: str
    user_id: str | None
    """The owner; None while only anonymous callers have used it."""
    turns: int
    """Turns recorded as finished."""
    messages: int
    """Messages in the session's state after the last recorded turn."""
    updated_at: datetime
    """In UTC."""
    last_domain: str | None
    domains: frozenset[str] | None = None
    """Those that its turns told of; None where that was not recorded from its first turn on."""


class SessionIndex:
    """The table `mdsa_sessions` in the saver's database; listing never reads a checkpoint."""

    def __init__(self, saver: SessionSqliteSaver) -> None:
        self._saver = saver

    async def setup(self) -> None:
        """Create the table."""

        def create(conn: sqlite3.Connection) -> None:
            for statement in _SCHEMA:
                conn.execute(statement)
            columns = conn.execute("SELECT name FROM pragma_table_info('mdsa_sessions')")
            if ("domains",) not in columns.fetchall():
                conn.execute(_ADDED)

        await self._saver.change(create)

    async def claim(self, session_id: str, user_id: str | None) -> None:
        """Note the session before its first checkpoint, with its owner.

        The owner is the first user who is not anonymous.

        Raises:
            SessionAccessError: it belongs to another user.
        """

        def note(conn: sqlite3.Connection) -> None:
            row = conn.execute(_GET, (session_id,)).fetchone()
            if row is not None:
                info = _info(row)
                check_owner(info, user_id)
                if info.user_id is not None or user_id is None:
                    return
            conn.execute(
                "INSERT INTO mdsa_sessions (session_id, user_id, updated_at) VALUES (?, ?, ?) "
                "ON CONFLICT (session_id) DO UPDATE SET user_id = excluded.user_id",
                (session_id, user_id, time.time()),
            )

        # Whatever follows in this session is written after it.
        await self._saver.change(note, lasting=False)

    async def get(self, session_id: str) -> SessionInfo | None:
        """Return the session's row."""
        rows = await self._saver.fetch(_GET, (session_id,))
        return _info(rows[0]) if rows else None

    async def list(self, user_id: str | None, limit: int | None) -> list[SessionInfo]:
        """Return sessions, last used first; without a user all, plain LangGraph threads too."""
        where = "WHERE user_id = ?" if user_id is not None else ""
        most = -1 if limit is None else limit
        rows = await self._saver.fetch(
            f"SELECT {_COLUMNS} FROM mdsa_sessions {where} "  # noqa: S608 - names are ours
            "ORDER BY updated_at DESC, session_id LIMIT ?",
            (*([user_id] if user_id is not None else []), most),
        )
        infos = [_info(row) for row in rows]
        if user_id is None:
            plain = await self._saver.fetch(_PLAIN_THREADS, (most,))
            infos += [_plain(thread_id, latest) for thread_id, latest in plain]
            infos.sort(key=lambda info: info.updated_at, reverse=True)
        return infos[:limit]

    @staticmethod
    def record_turn(
        conn: sqlite3.Connection,
        session_id: str,
        messages: int,
        last_domain: str | None,
        domains: Collection[str] | None = None,
    ) -> None:
        """Count a finished turn, within the caller's transaction."""
        row = conn.execute(_GET, (session_id,)).fetchone()
        conn.execute(
            "INSERT INTO mdsa_sessions "
            "(session_id, turns, messages, updated_at, last_domain, domains) "
            "VALUES (?, 1, ?, ?, ?, ?) ON CONFLICT (session_id) DO UPDATE SET turns = turns + 1, "
            "messages = excluded.messages, updated_at = excluded.updated_at, "
            "last_domain = excluded.last_domain, domains = excluded.domains",
            (
                *(session_id, messages, time.time(), last_domain),
                write_names(joined_names(_info(row) if row else None, domains)),
            ),
        )

    @staticmethod
    def touch(conn: sqlite3.Connection, session_id: str) -> None:
        """Note a use that was no finished turn, within the caller's transaction."""
        conn.execute(
            "UPDATE mdsa_sessions SET updated_at = ? WHERE session_id = ?",
            (time.time(), session_id),
        )

    @staticmethod
    def delete(conn: sqlite3.Connection, session_id: str) -> bool:
        """Delete the row, within the caller's transaction; tells whether there was one."""
        cursor = conn.execute("DELETE FROM mdsa_sessions WHERE session_id = ?", (session_id,))
        return cursor.rowcount > 0


def check_owner(info: SessionInfo, user_id: str | None) -> None:
    """Refuse a session that has an owner to everyone else, anonymous callers included.

    Raises:
        SessionAccessError: it belongs to another user.
    """
    if info.user_id is not None and user_id != info.user_id:
        caller = "an anonymous caller" if user_id is None else repr(user_id)
        raise SessionAccessError(
            f"session {info.session_id!r} belongs to another user than {caller}; use a "
            "session_id of your own, or pass the owner's user_id."
        )


def joined_names(
    before: SessionInfo | None, domains: Collection[str] | None
) -> frozenset[str] | None:
    """The domains of a session after a turn that told of those; None where they are not known."""
    if domains is None or (before is not None and before.turns and before.domains is None):
        return None
    return frozenset(domains).union((before and before.domains) or ())


def _info(row: sqlite3.Row) -> SessionInfo:
    session_id, user_id, turns, messages, updated_at, last_domain, domains = row
    time_ = datetime.fromtimestamp(updated_at, UTC)
    return SessionInfo(
        session_id, user_id, turns, messages, time_, last_domain, read_names(domains)
    )


def _plain(thread_id: str, checkpoint_id: str) -> SessionInfo:
    return SessionInfo(thread_id, None, 0, 0, checkpoint_time(checkpoint_id), None)
