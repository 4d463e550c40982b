"""One writer of a store at a time: two at once corrupt its files (measured, chromadb 1.5.9)."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from mdsa.errors import StorageError

__all__ = ["WriterLock"]

_POLL_S = 0.01


class WriterLock:
    """Held for one write, by one thread of one process; that thread may take it again.

    The operating system frees it when the process dies.

    Args:
        directory: the store. It must exist when the lock is taken.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._holder = directory / "writer.json"
        self._turn = threading.RLock()
        self._depth = 0

    @contextmanager
    def hold(self, wait_s: float) -> Iterator[None]:
        """Wait for the turn, keep it for the `with` block.

        Args:
            wait_s: how long to wait, in seconds.

        Raises:
            StorageError: it is another's for all that time; says whose.
            OSError: the lock's file cannot be made.
        """
        deadline = time.monotonic() + wait_s
        if not self._turn.acquire(timeout=wait_s):
            raise self._busy(f"another thread of this process ({os.getpid()})", wait_s)
        try:
            if self._depth:
                lock = None
            else:
                lock = FileLock(str(self._directory / "writer.lock"), thread_local=False)
                remaining = max(0.0, deadline - time.monotonic())
                try:
                    lock.acquire(timeout=remaining, poll_interval=_POLL_S)
                except Timeout as error:
                    raise self._busy(self._describe_holder(), wait_s) from error
            self._depth += 1
            try:
                if lock is not None:
                    program = Path(sys.argv[0]).name if sys.argv else ""
                    self._holder.write_text(json.dumps({"pid": os.getpid(), "program": program}))
                yield
            finally:
                self._depth -= 1
                if lock is not None:
                    lock.release()
        finally:
            self._turn.release()

    def _busy(self, holder: str, wait_s: float) -> StorageError:
        return StorageError(
            f"{self._directory} has been written by {holder} for {wait_s:g} s; try again, stop it, "
            "or give this process a directory of its own"
        )

    def _describe_holder(self) -> str:
        try:
            holder = json.loads(self._holder.read_text())
            return f"process {holder['pid']} ({holder['program']})"
        except (OSError, ValueError, KeyError, TypeError):
            return "another process"
