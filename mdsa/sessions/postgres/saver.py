"""LangGraph's PostgreSQL saver, made strict and clear about a database it cannot use."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
)
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import DictRow
from typing_extensions import override

from mdsa.errors import StorageError
from mdsa.sessions.checkpoint_clock import advance_clock
from mdsa.sessions.postgres.connection import Connector, postgres_errors
from mdsa.sessions.redacting import RedactingSerializer
from mdsa.sessions.serde import strict_serializer
from mdsa.utils.pii import Redact

__all__ = ["SessionPostgresSaver"]


class SessionPostgresSaver(AsyncPostgresSaver):
    """Checkpoints in PostgreSQL, read strictly; for one event loop.

    Every failure of the database is a `StorageError`. Servers whose clocks differ may share a
    thread: what one of them stores sorts after what it has read. Open it with
    `SessionPostgresSaver.open(connector)`.
    """

    def __init__(
        self,
        connector: Connector,
        connection: AsyncConnection[DictRow],
        redact: Redact | None = None,
    ) -> None:
        super().__init__(connection, serde=strict_serializer(redact))
        self._connector = connector
        self.check_writer: Callable[[str], Awaitable[None]] | None = None
        """Raises where the thread is no longer this process's to write."""

    @classmethod
    async def open(cls, connector: Connector, redact: Redact | None = None) -> Self:
        """Connect; the connector's owner closes it. `redact` is applied to what is stored.

        Raises:
            StorageError: the database cannot be reached.
        """
        return cls(connector, await connector.get(), redact)

    @override
    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Return a checkpoint, the latest where the config names none.

        Raises:
            StorageError: the database cannot be read.
        """
        found = await super().aget_tuple(config)
        if found is not None:
            advance_clock(found.checkpoint["id"])
        return found

    @override
    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store a checkpoint; the next step, which may be a tool, runs once this has returned.

        Raises:
            StorageError: the database refused, or this process lost the session.
        """
        if self.check_writer is not None:
            await self.check_writer(config["configurable"]["thread_id"])
        if isinstance(self.serde, RedactingSerializer):
            # Plain text goes into the row itself, past the serializer.
            checkpoint = self.serde.redacted(checkpoint)
        return await super().aput(config, checkpoint, metadata, new_versions)

    async def fetch(self, query: str, values: Sequence[Any] = ()) -> list[DictRow]:
        """Run a statement and return its rows.

        Raises:
            StorageError: the database refused.
        """
        async with self._cursor() as cursor:
            await cursor.execute(query, values)
            return [] if cursor.description is None else await cursor.fetchall()

    async def read(self, query: str, values: Sequence[Any] = ()) -> list[DictRow]:
        """Run a statement that changes nothing, again where its connection turned out lost.

        A turn begins with one, so that a restart of the database since the last turn fails none.

        Raises:
            StorageError: the database refused.
        """
        connection = await self._connector.get()
        try:
            return await self.fetch(query, values)
        except StorageError:
            if not connection.closed:
                raise
        return await self.fetch(query, values)

    @override
    @asynccontextmanager
    async def _cursor(self, *, pipeline: bool = False) -> AsyncIterator[AsyncCursor[DictRow]]:
        # All of the saver's traffic goes through here.
        self.conn = await self._connector.get()
        with postgres_errors():
            async with super()._cursor(pipeline=pipeline) as cursor:
                yield cursor
