"""Sessions: checkpoints in SQLite, read strictly, with one writer at a time for each session."""

from mdsa.sessions.index import SessionInfo
from mdsa.sessions.lease import SessionLeases
from mdsa.sessions.serde import ensure_strict, strict_serializer
from mdsa.sessions.sqlite import SessionSqliteSaver
from mdsa.sessions.store import PruneReport, Session, SessionStore, open_session_store
from mdsa.sessions.transcript import TranscriptMessage, validate_session_id

__all__ = [
    "PruneReport",
    "Session",
    "SessionInfo",
    "SessionLeases",
    "SessionSqliteSaver",
    "SessionStore",
    "TranscriptMessage",
    "ensure_strict",
    "open_session_store",
    "strict_serializer",
    "validate_session_id",
]
