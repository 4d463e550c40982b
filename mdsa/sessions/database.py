"""The session database's file: opening it carefully and saying clearly what is wrong with it."""

from __future__ import annotations

import asyncio
import errno
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import aiosqlite
import ormsgpack
from filelock import AsyncFileLock, Timeout

from mdsa.errors import StorageError

__all__ = [
    "BUSY_TIMEOUT_S",
    "DATABASE_NAME",
    "Connection",
    "connect",
    "read_errors",
    "storage_errors",
]

T = TypeVar("T")

DATABASE_NAME: Final = "sessions.db"

BUSY_TIMEOUT_S: Final = 30.0
_FULL_CHECK_BYTES: Final = 64 * 1024 * 1024
"""Of larger files only the schema is read; checking all pages of 59 MiB took 30 ms."""

_KEEP: Final = (
    "Nothing was changed: stop MDSA, keep a copy of the file (with its -wal file), then restore a "
    "backup, or recover it with `sqlite3 OLD .recover | sqlite3 NEW`, or move it away to start "
    "with no sessions"
)
_ADVICE: Final = {
    sqlite3.SQLITE_CORRUPT: f"the file is damaged. {_KEEP}",
    sqlite3.SQLITE_NOTADB: f"the file is not an SQLite database. {_KEEP}",
    sqlite3.SQLITE_FULL: (
        "the disk is full. What was acknowledged before is kept; free some space (or prune "
        "sessions) and send the message again"
    ),
    sqlite3.SQLITE_READONLY: (
        "the data directory or the file is read-only. Make it writable for this user, or point "
        "MDSA_DATA_DIR at a directory that is"
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "the file cannot be opened. Check that its directory exists, that this user may write "
        "there, and that MDSA_DATA_DIR is right"
    ),
    sqlite3.SQLITE_BUSY: (
        f"another process has kept it locked for {BUSY_TIMEOUT_S:.0f} s. Find what holds it (a "
        "backup tool, an open SQLite shell) and try again"
    ),
    sqlite3.SQLITE_IOERR: "the disk reports an input/output error. Check the disk, then try again",
}


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite and the file system raise into a StorageError that names the file."""
    try:
        yield
    except sqlite3.Error as error:
        # The low byte is the primary code; the rest tells which of several causes it was.
        code = (getattr(error, "sqlite_errorcode", None) or sqlite3.SQLITE_ERROR) & 0xFF
        advice = _ADVICE.get(code, "SQLite refused the operation")
        raise StorageError(f"session database {path}: {advice} (SQLite: {error}).") from error
    except OSError as error:
        code = (
            sqlite3.SQLITE_FULL
            if error.errno in (errno.ENOSPC, errno.EDQUOT)
            else sqlite3.SQLITE_CANTOPEN
        )
        raise StorageError(f"session database {path}: {_ADVICE[code]} ({error}).") from error


@contextmanager
def read_errors(path: Path) -> Iterator[None]:
    """As `storage_errors`, and for stored values that cannot be decoded."""
    with storage_errors(path):
        try:
            yield
        except (
            ormsgpack.MsgpackDecodeError,
            json.JSONDecodeError,
            UnicodeDecodeError,
            NotImplementedError,  # raised by the serializer for a type tag it does not know
        ) as error:
            raise StorageError(
                f"session database {path}: a stored checkpoint cannot be read. {_KEEP} ({error})."
            ) from error


class Connection(aiosqlite.Connection):
    """A connection whose thread can be given whole pieces of work.

    Each call of aiosqlite's is a trip to that thread, which costs the event loop a wait for
    Python's global lock; a checkpoint written call by call took four of them.
    """

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do the work on the connection's thread, where nothing else comes in between.

        It is done to its end even where the caller is cancelled meanwhile.
        """
        done: T = await self._execute(work, self._conn)  # type: ignore[no-untyped-call] # aiosqlite
        return done

    async def write(self, change: Callable[[sqlite3.Connection], T], *, lasting: bool = True) -> T:
        """Do a change, and commit it; one that fails leaves nothing behind.

        Args:
            change: what to do.
            lasting: on return it survives a power cut, together with all changes before it;
                otherwise a killed process only, which spares the wait for the disk.
        """

        def committed(conn: sqlite3.Connection) -> T:
            conn.execute(f"PRAGMA synchronous={'FULL' if lasting else 'NORMAL'}")
            conn.execute("BEGIN IMMEDIATE")
            try:
                result = change(conn)
                conn.commit()
            except BaseException:
                conn.rollback()
                raise
            return result

        return await self.run(committed)


@asynccontextmanager
async def connect(path: Path) -> AsyncIterator[Connection]:
    """Open (or create) the database and check it; nothing is written to a damaged one.

    Text of deleted sessions is overwritten with zeros (`secure_delete`).

    Raises:
        StorageError: the file or its directory cannot be used, or the file is damaged.
    """
    with storage_errors(path):
        await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
        lock = await _opening_lock(path)
        try:
            size = await asyncio.to_thread(_create, path)
            conn = Connection(partial(sqlite3.connect, path, timeout=BUSY_TIMEOUT_S), 64)
            # A program that forgets to close its session store must still be able to end; what
            # was committed is on disk.
            worker: Any = getattr(conn, "_thread", conn)
            worker.daemon = True
            await conn
            try:
                await _prepare(conn, path, size)
            except BaseException:
                await conn.close()
                raise
        finally:
            await lock.release()
    try:
        yield conn
    finally:
        await conn.close()


async def _opening_lock(path: Path) -> AsyncFileLock:
    """Let processes open the database one after another.

    Two that create it at once would both switch it to WAL, which SQLite answers with "database is
    locked" without waiting.
    """
    lock = AsyncFileLock(path.with_name(path.name + ".lock"), fallback_to_soft=False)
    try:
        await lock.acquire(timeout=BUSY_TIMEOUT_S)
    except Timeout as error:
        raise StorageError(f"session database {path}: {_ADVICE[sqlite3.SQLITE_BUSY]}.") from error
    return lock


def _create(path: Path) -> int:
    """Create the file if need be; returns its size in bytes.

    Conversations are private, and SQLite gives its -wal and -shm files the mode of this one.
    """
    if not path.exists():
        path.touch(mode=0o600)
    return path.stat().st_size


async def _prepare(conn: aiosqlite.Connection, path: Path, size: int) -> None:
    if size == 0:
        # Only takes effect before the first table; lets `shrink` make the file smaller.
        await conn.execute_fetchall("PRAGMA auto_vacuum=INCREMENTAL")
    elif size <= _FULL_CHECK_BYTES:
        # With the limit of 1, the check stops at the first fault.
        ((verdict,),) = await conn.execute_fetchall("PRAGMA quick_check(1)")
        if verdict != "ok":
            raise StorageError(
                f"session database {path}: {_ADVICE[sqlite3.SQLITE_CORRUPT]} (SQLite: {verdict})."
            )
    else:
        await conn.execute_fetchall("SELECT count(*) FROM sqlite_master")
    await conn.execute_fetchall("PRAGMA synchronous=FULL")
    await conn.execute_fetchall("PRAGMA secure_delete=ON")
