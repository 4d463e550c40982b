"""Sessions in PostgreSQL, which several servers may share; needs `mdsa[postgres]`."""

from mdsa.sessions.postgres.saver import SessionPostgresSaver
from mdsa.sessions.postgres.store import PostgresSessionStore, open_postgres_sessions

__all__ = ["PostgresSessionStore", "SessionPostgresSaver", "open_postgres_sessions"]
