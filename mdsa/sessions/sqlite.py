"""LangGraph's SQLite saver, made strict, prunable and clear about a database it cannot use."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final, Self

import aiosqlite
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    get_checkpoint_id,
)
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from mdsa.errors import InvalidInputError, StorageError
from mdsa.sessions.checkpoint_clock import advance_clock
from mdsa.sessions.database import BUSY_TIMEOUT_S, connect, read_errors, storage_errors
from mdsa.sessions.pruning import delete_thread_rows, keep_latest
from mdsa.sessions.serde import strict_serializer

__all__ = ["SessionSqliteSaver"]

_SHRINK_WAIT_MS: Final = 200


class SessionSqliteSaver(AsyncSqliteSaver):
    """Checkpoints in one SQLite file, read strictly.

    On top of `AsyncSqliteSaver`: pruning, deletion by run and copying of threads; every failure
    of the database is a `StorageError`; a failed or cancelled write is rolled back, so that it
    neither keeps the database locked nor is committed by the next one; `alist` reads all rows
    before it yields the first, so that its consumer may use the saver meanwhile.

    Use it in one event loop. Open it with `SessionSqliteSaver.open(path)`.
    """

    def __init__(self, conn: aiosqlite.Connection, path: Path) -> None:
        super().__init__(conn, serde=strict_serializer())
        self.jsonplus_serde = strict_serializer()
        self.path = path
        self._write_lock = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path) -> AsyncIterator[Self]:
        """Open or create the database at `path`.

        Raises:
            StorageError: the database cannot be used. A damaged file is left as it is.
        """
        async with connect(path) as conn:
            saver = cls(conn, path)
            with storage_errors(path):
                await saver.setup()
            yield saver

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[aiosqlite.Connection]:
        """Run statements that take effect together or not at all, seen by nobody in between.

        Raises:
            StorageError: the database refused; nothing was changed.
        """
        async with self._writing(), self.lock:
            await self.conn.execute("BEGIN IMMEDIATE")
            yield self.conn
            await self.conn.commit()

    async def fetch(self, sql: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Return the rows of a query.

        Raises:
            StorageError: the database refused.
        """
        with storage_errors(self.path):
            async with self.lock:
                return list(await self.conn.execute_fetchall(sql, parameters))

    async def shrink(self) -> int:
        """Give free pages back to the file system; returns the bytes by which the database shrank.

        Raises:
            StorageError: the database refused.
        """
        async with self._writing(), self.lock:
            before = await self._size()
            # Each step of this statement frees one page; only a script is stepped to its end.
            await self.conn.executescript("PRAGMA incremental_vacuum")
            # Until the log is emptied it still holds deleted text. That needs a moment without
            # other readers; when there is none soon, SQLite does it with a later write.
            await self.conn.execute_fetchall(f"PRAGMA busy_timeout={_SHRINK_WAIT_MS}")
            try:
                await self.conn.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                await self.conn.execute_fetchall(
                    f"PRAGMA busy_timeout={round(BUSY_TIMEOUT_S * 1000)}"
                )
            return before - await self._size()

    async def _size(self) -> int:
        ((pages,),) = await self.conn.execute_fetchall("PRAGMA page_count")
        ((page_bytes,),) = await self.conn.execute_fetchall("PRAGMA page_size")
        return int(pages * page_bytes)

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[None]:
        with storage_errors(self.path):
            async with self._write_lock:
                try:
                    yield
                except BaseException:
                    # The connection is shared: what a failed or cancelled write left open would
                    # be committed by the next one. ValueError: the connection is closed.
                    with suppress(sqlite3.Error, ValueError):
                        await self.conn.rollback()
                    raise

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Return a checkpoint, by default the latest of the thread.

        Raises:
            StorageError: the database or the stored checkpoint cannot be read.
        """
        with read_errors(self.path):
            found = await super().aget_tuple(config)
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
        async with self._writing():
            return await super().aput(config, checkpoint, metadata, new_versions)

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
        async with self._writing():
            await super().aput_writes(config, writes, task_id, task_path)

    async def adelete_thread(self, thread_id: str) -> None:
        """Delete a thread's checkpoints and writes.

        Raises:
            StorageError: the database refused; nothing was deleted.
        """
        async with self.transaction() as conn:
            await delete_thread_rows(conn, thread_id)

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
            async with self.transaction() as conn:
                if strategy == "delete":
                    await delete_thread_rows(conn, thread_id)
                else:
                    with read_errors(self.path):
                        await keep_latest(conn, self.serde, thread_id)

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Delete the checkpoints that these runs made, with their writes.

        Raises:
            StorageError: the database refused; nothing was deleted.
        """
        async with self.transaction() as conn:
            chosen = (
                "SELECT thread_id, checkpoint_ns, checkpoint_id FROM checkpoints WHERE "
                "json_extract(CAST(metadata AS TEXT), '$.run_id') IN "
                "(SELECT value FROM json_each(?))"
            )
            for table in ("writes", "checkpoints"):
                await conn.execute(
                    f"DELETE FROM {table} "  # noqa: S608 - both names are ours
                    f"WHERE (thread_id, checkpoint_ns, checkpoint_id) IN ({chosen})",
                    (json.dumps(list(run_ids)),),
                )

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy a thread's whole history to a new thread.

        Raises:
            InvalidInputError: the target has checkpoints already; mixing the two would hide the
                older history.
            StorageError: the database refused; nothing was copied.
        """
        async with self.transaction() as conn:
            taken = await conn.execute_fetchall(
                "SELECT 1 FROM checkpoints WHERE thread_id = ? LIMIT 1", (target_thread_id,)
            )
            if list(taken):
                raise InvalidInputError(
                    f"cannot copy thread {source_thread_id!r} to {target_thread_id!r}: the target "
                    "has a history already; delete it first or choose another id."
                )
            for table, columns in _COPIED.items():
                await conn.execute(
                    f"INSERT INTO {table} (thread_id, {columns}) "  # noqa: S608 - names are ours
                    f"SELECT ?, {columns} FROM {table} WHERE thread_id = ?",
                    (target_thread_id, source_thread_id),
                )


_COPIED: Final = {
    "checkpoints": (
        "checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata"
    ),
    "writes": ("checkpoint_ns, checkpoint_id, task_id, task_path, idx, channel, type, value"),
}
