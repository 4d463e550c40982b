"""Sessions: checkpoints in SQLite or PostgreSQL, read strictly, one writer per session."""

from mdsa.sessions.backend import PruneReport, Session, SessionBackend
from mdsa.sessions.index import SessionInfo
from mdsa.sessions.lease import SessionLeases
from mdsa.sessions.opening import open_sessions
from mdsa.sessions.serde import ensure_strict, strict_serializer
from mdsa.sessions.sqlite import SessionSqliteSaver
from mdsa.sessions.store import SessionStore, open_session_store
from mdsa.sessions.transcript import TranscriptMessage, validate_session_id

__all__ = [
    "PruneReport",
    "Session",
    "SessionBackend",
    "SessionInfo",
    "SessionLeases",
    "SessionSqliteSaver",
    "SessionStore",
    "TranscriptMessage",
    "ensure_strict",
    "open_session_store",
    "open_sessions",
    "strict_serializer",
    "validate_session_id",
]
