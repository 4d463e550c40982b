"""The one Chroma client that a process has for a directory, and when it must be opened anew.

Chroma keeps an index in memory and does not notice what other processes write. A client that
writes after another process has, corrupts what both find (measured, chromadb 1.5.9). Hence every
write leaves a mark, and a client older than the mark is never used again.
"""

from __future__ import annotations

import threading
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, cast

from mdsa.errors import StorageError
from mdsa.retrieval.writer_lock import WriterLock

if TYPE_CHECKING:
    from chromadb.api.client import Client

__all__ = ["Connection", "connection_to", "storage_failure"]

_connections: dict[Path, Connection] = {}
_connections_lock = threading.Lock()
_chroma_lock = threading.Lock()
"""Chroma's table of open directories is not thread-safe (1.5.9): starts that meet fail."""


class Connection:
    """A directory's client, shared by all stores of the process. See `connection_to`.

    Two clients on one directory would share Chroma's memory of it, so that neither could forget.

    Args:
        directory: absolute.

    Attributes:
        directory: as given.
        lock: to hold while the client is used.
        writer: to hold during a write, and to take before `lock`, never after it.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.lock = threading.RLock()
        self.writer = WriterLock(directory)
        self._client: Client | None = None
        self._mark = directory / "changed"
        self._seen: tuple[int, int] | None = None

    def version(self) -> tuple[int, int] | None:
        """A mark that differs after every write, by whichever process; None before the first."""
        try:
            status = self._mark.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_ino

    def current(self) -> bool:
        """Whether there is a client that knows all that was written."""
        return self._client is not None and self.version() == self._seen

    def client(self) -> Client:
        """The client; a new one where another process has written.

        Raises:
            StorageError: Chroma cannot open the directory.
        """
        version = self.version()
        if self._client is not None and version == self._seen:
            return self._client
        self.disconnect()

        import chromadb
        from chromadb.config import Settings
        from chromadb.errors import ChromaError

        try:
            with _chroma_lock:
                client = chromadb.PersistentClient(
                    str(self.directory), settings=Settings(anonymized_telemetry=False)
                )
        except (ChromaError, ValueError, AttributeError) as error:
            # The last two come when a start that failed before is tried again.
            raise storage_failure(self.directory, "opening", error) from error
        self._client = cast("Client", client)  # its declared type lacks close()
        self._seen = version
        return self._client

    def disconnect(self) -> None:
        """Close the files. The next use opens them again."""
        with self.lock:
            client, self._client = self._client, None
            if client is not None:
                with _chroma_lock:
                    client.close()

    def mark_changed(self) -> None:
        """Tell other processes to open the directory anew; this one's client stays.

        Writers mark before as well as after: one that dies in between has changed something.
        """
        if not self.current():
            self.disconnect()
        fresh = self.directory / f"changed-{uuid.uuid4().hex}"
        fresh.touch()
        fresh.replace(self._mark)
        self._seen = self.version()


def connection_to(directory: Path) -> Connection:
    """The process's connection to a directory, however it is spelled; opens nothing yet."""
    path = directory.expanduser().resolve()
    with _connections_lock:
        return _connections.setdefault(path, Connection(path))


def storage_failure(directory: Path, action: str, error: Exception) -> StorageError:
    """What to raise where Chroma or the disk refused an action."""
    return StorageError(
        f"{action} the knowledge in {directory} failed ({error}); check that the disk has "
        "room and the folder can be written. If its files are damaged, restore them or remove "
        "the folder and ingest again"
    )
