"""What the agent asks of its sessions, wherever they are stored."""

from __future__ import annotations

import builtins
from collections.abc import Collection
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any, Protocol

from langgraph.checkpoint.base import BaseCheckpointSaver

from mdsa.sessions.index import SessionInfo
from mdsa.sessions.store import PruneReport, Session

__all__ = ["SessionBackend"]


class SessionBackend(Protocol):
    """Sessions of one event loop; see `SessionStore` for what each method does and raises."""

    @property
    def saver(self) -> BaseCheckpointSaver[Any]:
        """The checkpointer to compile the graph with."""

    def hold(
        self, session_id: str, user_id: str | None = None, *, wait_s: float | None = None
    ) -> AbstractAsyncContextManager[None]:
        """Be the session's only writer."""

    async def after_turn(
        self,
        session_id: str,
        *,
        messages: int,
        last_domain: str | None = None,
        domains: Collection[str] | None = None,
    ) -> None:
        """Record a finished turn and drop the checkpoints that it made obsolete."""

    async def list(
        self, user_id: str | None = None, *, limit: int | None = 100
    ) -> builtins.list[SessionInfo]:
        """Return sessions, last used first."""

    async def show(self, session_id: str, user_id: str | None = None) -> Session:
        """Return a session with its messages."""

    async def delete(self, session_id: str, user_id: str | None = None) -> None:
        """Delete a session."""

    async def prune(
        self,
        *,
        max_age: timedelta | None = None,
        max_sessions: int | None = None,
        keep_latest_only: bool = True,
    ) -> PruneReport:
        """Delete old sessions, cut the others to their latest checkpoint."""
