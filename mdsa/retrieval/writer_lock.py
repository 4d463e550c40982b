"""One writing process per store: two of them corrupt Chroma's files (measured, chromadb 1.5.9)."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from filelock import FileLock, Timeout

from mdsa.errors import StorageError

__all__ = ["WriterLock"]


class WriterLock:
    """Held from a process's first write until it is released; threads of one process share it.

    The operating system frees it when the process dies.

    Args:
        directory: the store. It must exist when the lock is taken.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._holder = directory / "writer.json"
        self._lock: FileLock | None = None

    def acquire(self) -> None:
        """Take the lock, unless this object has it already.

        Raises:
            StorageError: another process has it; says which.
        """
        if self._lock is not None:
            return
        lock = FileLock(
            str(self._directory / "writer.lock"), timeout=0, thread_local=False, is_singleton=True
        )
        try:
            lock.acquire()
        except Timeout as error:
            raise StorageError(
                f"{self._directory} is being written by {self._describe_holder()}; stop it, or "
                "give this process a directory of its own"
            ) from error
        self._lock = lock
        program = Path(sys.argv[0]).name if sys.argv else ""
        self._holder.write_text(json.dumps({"pid": os.getpid(), "program": program}))

    def release(self) -> None:
        """Let others write."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _describe_holder(self) -> str:
        try:
            holder = json.loads(self._holder.read_text())
            return f"process {holder['pid']} ({holder['program']})"
        except (OSError, ValueError, KeyError, TypeError):
            return "another process"
