"""What the agent asks of its sessions, wherever they are stored."""

from __future__ import annotations

import builtins
from abc import ABC, abstractmethod
from collections.abc import Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver

from mdsa.errors import InvalidInputError, SessionBusyError, UnknownSessionError
from mdsa.sessions.checkpoint_clock import checkpoint_time
from mdsa.sessions.index import SessionInfo, check_owner
from mdsa.sessions.lease import Leases
from mdsa.sessions.reach import told_domains
from mdsa.sessions.transcript import TranscriptMessage, to_transcript, validate_session_id

__all__ = ["PruneReport", "Session", "SessionBackend"]


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
    """By how much the database shrank; 0 where it gives space back by itself."""


class _Index(Protocol):
    async def get(self, session_id: str) -> SessionInfo | None: ...

    async def list(self, user_id: str | None, limit: int | None) -> builtins.list[SessionInfo]: ...


class SessionBackend(ABC):
    """Sessions of one event loop.

    Args:
        saver: the checkpointer to compile the graph with.
        leases: let one writer at a time into a session.
        index: a row for each session.
    """

    def __init__(self, saver: BaseCheckpointSaver[Any], leases: Leases, index: _Index) -> None:
        self.saver = saver
        self._leases = leases
        self._index = index

    @abstractmethod
    def hold(
        self, session_id: str, user_id: str | None = None, *, wait_s: float | None = None
    ) -> AbstractAsyncContextManager[None]:
        """Be the session's only writer; run the graph, then `after_turn`, within.

        Raises:
            InvalidInputError: the id cannot name a session.
            SessionAccessError: the session belongs to another user, and the caller is not that
                user; an anonymous caller (None) is nobody's owner.
            SessionBusyError: another writer held it for all of `wait_s` seconds.
            StorageError: the data directory, or the database, cannot be used.
        """

    @abstractmethod
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

    @abstractmethod
    async def _delete_held(self, session_id: str) -> bool:
        """Delete a session that is held; whether there was one."""

    @abstractmethod
    async def _checkpoints(self) -> int:
        """How many checkpoints are stored."""

    @abstractmethod
    async def _with_old_checkpoints(self) -> builtins.list[str]:
        """The sessions that have more than their latest checkpoint."""

    async def _shrink(self) -> int:
        """Give free space back to the disk; how many bytes it was."""
        return 0

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
        """Delete a session; its text is gone from the database too.

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
        await self._shrink()

    async def prune(
        self,
        *,
        max_age: timedelta | None = None,
        max_sessions: int | None = None,
        keep_latest_only: bool = True,
    ) -> PruneReport:
        """Delete old sessions, cut the others to their latest checkpoint, shrink the database.

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
        before = await self._checkpoints()
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
            for session_id in await self._with_old_checkpoints():
                try:
                    async with self._leases.hold(session_id, 0):
                        await self.saver.aprune([session_id])
                except SessionBusyError:
                    if session_id not in busy:
                        busy.append(session_id)
        removed = before - await self._checkpoints()
        return PruneReport(deleted, busy, removed, bytes_freed=await self._shrink())

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


def _unknown(session_id: str) -> UnknownSessionError:
    return UnknownSessionError(
        f"no session {session_id!r}: it was never used, or was deleted or pruned; list the "
        "sessions to see those that exist."
    )
