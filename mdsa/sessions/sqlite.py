"""LangGraph's SQLite saver, made strict, prunable and clear about a database it cannot use."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from langchain_core.messages import ToolMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    get_checkpoint_id,
)
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from mdsa.errors import InvalidInputError, StorageError
from mdsa.sessions.checkpoint_clock import advance_clock
from mdsa.sessions.database import BUSY_TIMEOUT_S, Connection, connect, read_errors, storage_errors
from mdsa.sessions.pruning import delete_thread_rows, keep_latest
from mdsa.sessions.serde import strict_serializer
from mdsa.utils.pii import Redact

__all__ = ["SessionSqliteSaver"]

T = TypeVar("T")

_SHRINK_WAIT_MS: Final = 200


class SessionSqliteSaver(AsyncSqliteSaver):
    """Checkpoints in one SQLite file, read strictly.

    On top of `AsyncSqliteSaver`: pruning, deletion by run and copying of threads; every failure
    of the database is a `StorageError`; a write happens whole or not at all, also where it is
    cancelled; `alist` reads all rows before it yields the first, so that its consumer may use the
    saver meanwhile. Checkpoints are read and written by LangGraph's sync saver on the connection's
    own thread, at one trip to it each.

    Use it in one event loop. Open it with `SessionSqliteSaver.open(path)`.
    """

    conn: Connection
    _thread_saver: SqliteSaver

    def __init__(self, conn: Connection, path: Path, redact: Redact | None = None) -> None:
        super().__init__(conn, serde=strict_serializer(redact))
        self.jsonplus_serde = strict_serializer()
        self.path = path
        self._in_turn: dict[str, bool] = {}

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path, redact: Redact | None = None) -> AsyncIterator[Self]:
        """Open or create the database at `path`; `redact` is applied to what is stored.

        Raises:
            StorageError: the database cannot be used. A damaged file is left as it is.
        """
        async with connect(path) as conn:
            saver = cls(conn, path, redact)
            with storage_errors(path):
                await saver.setup()
                saver._thread_saver = await conn.run(saver._make_thread_saver)
            yield saver

    def _make_thread_saver(self, conn: sqlite3.Connection) -> SqliteSaver:
        saver = SqliteSaver(conn, serde=self.serde)
        saver.is_setup = True
        return saver

    async def change(self, change: Callable[[sqlite3.Connection], T], *, lasting: bool = True) -> T:
        """Do statements that take effect together or not at all, seen by nobody in between.

        Args:
            change: what to do; runs in the database's thread.
            lasting: see `Connection.write`.

        Raises:
            StorageError: the database refused; nothing was changed.
        """
        with storage_errors(self.path):
            return await self.conn.write(change, lasting=lasting)

    async def fetch(self, sql: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Return the rows of a query.

        Raises:
            StorageError: the database refused.
        """
        with storage_errors(self.path):
            return await self.conn.run(lambda conn: conn.execute(sql, parameters).fetchall())

    async def shrink(self) -> int:
        """Give free pages back to the file system; returns the bytes by which the database shrank.

        Raises:
            StorageError: the database refused.
        """
        with storage_errors(self.path):
            return await self.conn.run(_shrink)

    @contextmanager
    def turn(self, thread_id: str) -> Iterator[None]:
        """Spare the thread's steps the wait for the disk; a lasting change has to follow them.

        A turn takes about twenty writes. A killed process loses none of them; a power cut takes a
        turn that has not ended back to where the last lasting change was. What tools have answered
        is such a change by itself, since they may not be called twice.
        """
        self._in_turn[thread_id] = False
        try:
            yield
        finally:
            del self._in_turn[thread_id]

    def spared(self, thread_id: str) -> bool:
        """Whether the thread's turn has written what may not be on the disk yet."""
        return self._in_turn.get(thread_id, False)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Return a checkpoint, by default the latest of the thread.

        Raises:
            StorageError: the database or the stored checkpoint cannot be read.
        """
        with read_errors(self.path):
            found = await self.conn.run(lambda _: self._thread_saver.get_tuple(config))
        if found is None:
            return None
        checkpoint: object = found.checkpoint
        if not isinstance(checkpoint, dict) or "channel_values" not in checkpoint:
            raise StorageError(
                f"session database {self.path}: the checkpoint of session "
                f"{config['configurable']['thread_id']!r} is damaged; restore a backup of the "
                "file or delete the session."
            )
        if not get_checkpoint_id(config):
            advance_clock(found.config["configurable"]["checkpoint_id"])
        return found

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 - the base class's name
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """Yield checkpoints, newest first.

        Raises:
            StorageError: the database or a stored checkpoint cannot be read.
        """
        with read_errors(self.path):
            found = [
                item
                async for item in super().alist(config, filter=filter, before=before, limit=limit)
            ]
        for item in found:
            yield item

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store a checkpoint; it is on disk when this returns.

        Raises:
            StorageError: the database refused; what was stored before is kept.
        """
        return await self.change(
            lambda _: self._thread_saver.put(config, checkpoint, metadata, new_versions),
            lasting=self._waits_for_disk(config),
        )

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """Store the writes of a task that has finished while others of its step still run.

        Raises:
            StorageError: the database refused; what was stored before is kept.
        """
        await self.change(
            lambda _: self._thread_saver.put_writes(config, writes, task_id, task_path),
            lasting=self._waits_for_disk(config) or _hold_tool_answers(writes),
        )

    async def adelete_thread(self, thread_id: str) -> None:
        """Delete a thread's checkpoints and writes.

        Raises:
            StorageError: the database refused; nothing was deleted.
        """
        await self.change(partial(delete_thread_rows, thread_id=thread_id))

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Delete checkpoints that no run will need again; only while no run of theirs goes on.

        Args:
            thread_ids: Threads to prune.
            strategy: `keep_latest` keeps the latest checkpoint of each namespace with its writes
                (and the ancestors that a `DeltaChannel` is rebuilt from) and drops the
                namespaces of finished subgraph calls; `delete` drops everything.

        Raises:
            InvalidInputError: no such strategy.
            StorageError: the database refused; nothing was deleted.
        """
        if strategy not in ("keep_latest", "delete"):
            raise InvalidInputError(
                f"unknown prune strategy {strategy!r}; use 'keep_latest' or 'delete'."
            )
        for thread_id in thread_ids:
            if strategy == "delete":
                await self.adelete_thread(thread_id)
            else:
                with read_errors(self.path):
                    await self.change(partial(keep_latest, serde=self.serde, thread_id=thread_id))

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Delete the checkpoints that these runs made, with their writes.

        Raises:
            StorageError: the database refused; nothing was deleted.
        """
        chosen = (
            "SELECT thread_id, checkpoint_ns, checkpoint_id FROM checkpoints WHERE "
            "json_extract(CAST(metadata AS TEXT), '$.run_id') IN "
            "(SELECT value FROM json_each(?))"
        )

        def delete(conn: sqlite3.Connection) -> None:
            for table in ("writes", "checkpoints"):
                conn.execute(
                    f"DELETE FROM {table} "  # noqa: S608 - both names are ours
                    f"WHERE (thread_id, checkpoint_ns, checkpoint_id) IN ({chosen})",
                    (json.dumps(list(run_ids)),),
                )

        await self.change(delete)

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy a thread's whole history to a new thread.

        Raises:
            InvalidInputError: the target has checkpoints already; mixing the two would hide the
                older history.
            StorageError: the database refused; nothing was copied.
        """

        def copy(conn: sqlite3.Connection) -> None:
            if conn.execute(
                "SELECT 1 FROM checkpoints WHERE thread_id = ? LIMIT 1", (target_thread_id,)
            ).fetchall():
                raise InvalidInputError(
                    f"cannot copy thread {source_thread_id!r} to {target_thread_id!r}: the target "
                    "has a history already; delete it first or choose another id."
                )
            for table, columns in _COPIED.items():
                conn.execute(
                    f"INSERT INTO {table} (thread_id, {columns}) "  # noqa: S608 - names are ours
                    f"SELECT ?, {columns} FROM {table} WHERE thread_id = ?",
                    (target_thread_id, source_thread_id),
                )

        await self.change(copy)

    def _waits_for_disk(self, config: RunnableConfig) -> bool:
        """Whether a thread's next write does; notes that one was spared it."""
        thread_id = config["configurable"]["thread_id"]
        if thread_id not in self._in_turn:
            return True
        self._in_turn[thread_id] = True
        return False


_COPIED: Final = {
    "checkpoints": (
        "checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata"
    ),
    "writes": ("checkpoint_ns, checkpoint_id, task_id, task_path, idx, channel, type, value"),
}


def _hold_tool_answers(writes: Sequence[tuple[str, Any]]) -> bool:
    values = (value if isinstance(value, list) else [value] for _, value in writes)
    return any(isinstance(one, ToolMessage) for value in values for one in value)


def _shrink(conn: sqlite3.Connection) -> int:
    before = _size(conn)
    # Each step of this statement frees one page; only a script is stepped to its end.
    conn.executescript("PRAGMA incremental_vacuum")
    # Until the log is emptied it still holds deleted text. That needs a moment without other
    # readers; when there is none soon, SQLite does it with a later write.
    conn.execute(f"PRAGMA busy_timeout={_SHRINK_WAIT_MS}").fetchall()
    try:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        conn.execute(f"PRAGMA busy_timeout={round(BUSY_TIMEOUT_S * 1000)}").fetchall()
    return before - _size(conn)


def _size(conn: sqlite3.Connection) -> int:
    ((pages,),) = conn.execute("PRAGMA page_count")
    ((page_bytes,),) = conn.execute("PRAGMA page_size")
    return int(pages * page_bytes)
