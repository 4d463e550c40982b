"""One writer per session, across coroutines, threads and processes."""

from __future__ import annotations

import asyncio
import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from filelock import AsyncFileLock, Timeout
from typing_extensions import override

from mdsa.errors import SessionBusyError, StorageError

__all__ = ["Leases", "SessionLeases", "busy"]

_POLL_S: Final = 0.01


class Leases(ABC):
    """Exclusive leases on sessions.

    Within the process waiters queue on an `asyncio.Lock`, so that only one of them competes with
    other processes. Use an instance in one event loop. A task that holds a session must not ask
    for it again: it would wait for itself and get the `SessionBusyError`.

    Args:
        wait_s: how long to wait for a lease, in seconds.
    """

    def __init__(self, wait_s: float) -> None:
        self._wait_s = wait_s
        self._queues: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def hold(self, session_id: str, wait_s: float | None = None) -> AsyncIterator[None]:
        """Hold the session; `wait_s` (seconds) overrides how long to wait for it.

        Raises:
            SessionBusyError: somebody else held it all this time.
            StorageError: what excludes other processes cannot be used.
        """
        wait_s = self._wait_s if wait_s is None else wait_s
        deadline = asyncio.get_running_loop().time() + wait_s
        async with self._queue(session_id) as queue:
            try:
                # A free lock is taken without suspending, so even with no time to wait.
                async with asyncio.timeout_at(deadline):
                    await queue.acquire()
            except TimeoutError as error:
                raise busy(session_id, wait_s) from error
            try:
                async with self._exclude_others(session_id, wait_s, deadline):
                    yield
            finally:
                queue.release()

    @asynccontextmanager
    async def _queue(self, session_id: str) -> AsyncIterator[asyncio.Lock]:
        lock, users = self._queues.get(session_id, (asyncio.Lock(), 0))
        self._queues[session_id] = (lock, users + 1)
        try:
            yield lock
        finally:
            lock, users = self._queues.pop(session_id)
            if users > 1:
                self._queues[session_id] = (lock, users - 1)

    @abstractmethod
    def _exclude_others(
        self, session_id: str, wait_s: float, deadline: float
    ) -> AbstractAsyncContextManager[None]:
        """Keep other processes out; `deadline` is a time of the event loop."""


class SessionLeases(Leases):
    """Leases among the processes of this machine; the system releases those of a killed one.

    A lease is a lock (`flock`) on a file of its own, named by a hash of the session id, that
    exists only while somebody holds or awaits it. Fixed stripes would let unrelated sessions
    block each other for whole turns; POSIX byte ranges of one file do not exclude two holders in
    one process. Deleting a lock file is safe here because only its holder does so, and because
    filelock, once it has locked a file, starts over if that file has been deleted meanwhile.
    """

    def __init__(self, directory: Path, wait_s: float) -> None:
        """Keep lock files in `directory`; wait at most `wait_s` seconds for a lease."""
        super().__init__(wait_s)
        self._directory = directory

    @override
    @asynccontextmanager
    async def _exclude_others(
        self, session_id: str, wait_s: float, deadline: float
    ) -> AsyncIterator[None]:
        name = hashlib.sha256(session_id.encode()).hexdigest()[:32]
        path = self._directory / f"{name}.lock"
        # Lock files that mark by existence alone would outlive a killed process.
        lock = AsyncFileLock(path, poll_interval=_POLL_S, fallback_to_soft=False)
        remaining = max(deadline - asyncio.get_running_loop().time(), 0)
        try:
            await lock.acquire(timeout=remaining)
        except Timeout as error:
            raise busy(session_id, wait_s) from error
        except OSError as error:
            raise StorageError(
                f"cannot lock session {session_id!r} by the file {path} ({error}); the data "
                "directory must be writable, have free space and be on a file system that "
                "supports flock."
            ) from error
        try:
            yield
        finally:
            if os.name == "posix":  # elsewhere filelock removes the file, or an open file cannot be
                with suppress(OSError):
                    path.unlink()
            await lock.release()


def busy(session_id: str, wait_s: float) -> SessionBusyError:
    """The error of those who waited in vain."""
    return SessionBusyError(
        f"session {session_id!r} is busy: another request has been answering it for the "
        f"{wait_s:g} s that this one waited. Send the message again when that answer is there, "
        "use another session_id, or raise MDSA_SESSION_WAIT_S."
    )
