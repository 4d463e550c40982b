"""The table `mdsa_sessions` in PostgreSQL: whose a session is, how long, when last used."""

from __future__ import annotations

import builtins
import time
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from mdsa.sessions.checkpoint_clock import checkpoint_time
from mdsa.sessions.index import SessionInfo, check_owner, joined_names
from mdsa.sessions.postgres.saver import SessionPostgresSaver
from mdsa.sessions.reach import read_names, write_names

__all__ = ["PostgresIndex"]

_SCHEMA = (
    """
    CREATE TABLE IF NOT EXISTS mdsa_sessions (
        session_id TEXT PRIMARY KEY,
        user_id TEXT,
        turns INTEGER NOT NULL DEFAULT 0,
        messages INTEGER NOT NULL DEFAULT 0,
        updated_at DOUBLE PRECISION NOT NULL,
        last_domain TEXT,
        domains TEXT
    )
    """,
    # For tables of before there was that column.
    "ALTER TABLE mdsa_sessions ADD COLUMN IF NOT EXISTS domains TEXT",
    "CREATE INDEX IF NOT EXISTS mdsa_sessions_by_time ON mdsa_sessions (updated_at)",
    "CREATE INDEX IF NOT EXISTS mdsa_sessions_by_user ON mdsa_sessions (user_id, updated_at)",
)

_GET = "SELECT * FROM mdsa_sessions WHERE session_id = %s"
_LIST = "SELECT * FROM mdsa_sessions ORDER BY updated_at DESC, session_id LIMIT %s"
_LIST_OF_USER = """
SELECT * FROM mdsa_sessions WHERE user_id = %s ORDER BY updated_at DESC, session_id LIMIT %s
"""
# Threads that a graph of the application wrote through the same saver have no row.
_PLAIN_THREADS = """
SELECT thread_id, max(checkpoint_id) AS latest FROM checkpoints
WHERE thread_id NOT IN (SELECT session_id FROM mdsa_sessions)
GROUP BY thread_id ORDER BY max(checkpoint_id) DESC LIMIT %s
"""
_CLAIM = """
INSERT INTO mdsa_sessions (session_id, user_id, updated_at) VALUES (%s, %s, %s)
ON CONFLICT (session_id) DO UPDATE SET user_id = excluded.user_id
"""
_RECORD = """
INSERT INTO mdsa_sessions (session_id, turns, messages, updated_at, last_domain, domains)
VALUES (%s, 1, %s, %s, %s, %s) ON CONFLICT (session_id) DO UPDATE SET
turns = mdsa_sessions.turns + 1, messages = excluded.messages,
updated_at = excluded.updated_at, last_domain = excluded.last_domain,
domains = excluded.domains
"""
_DELETE = "DELETE FROM mdsa_sessions WHERE session_id = %s RETURNING session_id"


class PostgresIndex:
    """A row per session beside its checkpoints; listing never reads a checkpoint.

    Args:
        saver: of the same database.
    """

    def __init__(self, saver: SessionPostgresSaver) -> None:
        self._saver = saver

    async def setup(self) -> None:
        """Create the table."""
        for statement in _SCHEMA:
            await self._saver.fetch(statement)

    async def get(self, session_id: str) -> SessionInfo | None:
        """Return the session's row."""
        rows = await self._saver.read(_GET, (session_id,))
        return _info(rows[0]) if rows else None

    async def claim(self, session_id: str, user_id: str | None) -> None:
        """Note the session before its first checkpoint; its first user owns it.

        Raises:
            SessionAccessError: it belongs to another user.
        """
        info = await self.get(session_id)
        if info is not None:
            check_owner(info, user_id)
            if info.user_id is not None or user_id is None:
                return
        await self._saver.fetch(_CLAIM, (session_id, user_id, time.time()))

    async def record_turn(
        self,
        session_id: str,
        messages: int,
        last_domain: str | None,
        domains: Collection[str] | None = None,
    ) -> None:
        """Count a finished turn; the caller is the session's only writer."""
        names = write_names(joined_names(await self.get(session_id), domains))
        values = (session_id, messages, time.time(), last_domain, names)
        await self._saver.fetch(_RECORD, values)

    async def list(self, user_id: str | None, limit: int | None) -> builtins.list[SessionInfo]:
        """Return sessions, last used first; without a user all, plain LangGraph threads too."""
        if user_id is not None:
            rows = await self._saver.fetch(_LIST_OF_USER, (user_id, limit))
            return [_info(row) for row in rows]
        infos = [_info(row) for row in await self._saver.fetch(_LIST, (limit,))]
        infos += [_plain(row) for row in await self._saver.fetch(_PLAIN_THREADS, (limit,))]
        infos.sort(key=lambda info: info.updated_at, reverse=True)
        return infos[:limit]

    async def delete(self, session_id: str) -> bool:
        """Delete the row; tells whether there was one."""
        return bool(await self._saver.fetch(_DELETE, (session_id,)))


def _info(row: Mapping[str, Any]) -> SessionInfo:
    return SessionInfo(
        session_id=row["session_id"],
        user_id=row["user_id"],
        turns=row["turns"],
        messages=row["messages"],
        updated_at=datetime.fromtimestamp(row["updated_at"], UTC),
        last_domain=row["last_domain"],
        domains=read_names(row["domains"]),
    )


def _plain(row: Mapping[str, Any]) -> SessionInfo:
    return SessionInfo(row["thread_id"], None, 0, 0, checkpoint_time(row["latest"]), None)
