"""What several processes that serve one address tell each other, as files in one folder."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import psutil

__all__ = ["WorkerFiles"]

_log = logging.getLogger(__name__)


class WorkerFiles:
    """Writes what a worker tells where the others find it, and reads what they tell.

    Args:
        folder: one that only the workers of one server use.
        make: by the kind of what is told, what gives this worker's.
        every_s: seconds from one writing to the next.
    """

    def __init__(
        self, folder: Path, make: Mapping[str, Callable[[], bytes]], *, every_s: float = 2.0
    ) -> None:
        self._folder = folder
        self._make = make
        self._every_s = every_s
        self._lock = threading.Lock()
        self._has_ended = False
        self._unreadable: set[Path] = set()
        """What the log has said it of."""

    def others(self, kind: str) -> dict[str, bytes]:
        """What the other workers last told, by their process ids; some seconds old at most."""
        told = {}
        for path in self._folder.glob(f"*.{kind}"):
            if path != self._own(kind) and _is_running(path):
                with suppress(FileNotFoundError):  # it has just ended
                    told[path.stem] = self._read(path)
        return told

    def _read(self, path: Path) -> bytes:
        """What is in it; nothing where that cannot be read."""
        try:
            return path.read_bytes()
        except FileNotFoundError:
            raise
        except OSError as error:
            if path not in self._unreadable:
                self._unreadable.add(path)
                _log.warning("what another worker told cannot be read: %s", error)
            return b""

    async def share(self) -> None:
        """Write every few seconds, until cancelled.

        Where it cannot be written, the log says so once until it can be again.
        """
        failing = False
        try:
            while True:
                try:
                    await asyncio.to_thread(self._write)
                    failing = False
                except OSError as error:
                    if not failing:
                        _log.warning("the other workers cannot see this one's figures: %s", error)
                    failing = True
                await asyncio.sleep(self._every_s)
        finally:
            # A thread may be writing still, whoever waited for it was cancelled.
            await asyncio.shield(asyncio.to_thread(self._end))

    def _end(self) -> None:
        with self._lock:
            self._has_ended = True
            for kind in self._make:
                self._own(kind).unlink(missing_ok=True)

    def _write(self) -> None:
        with self._lock:
            if not self._has_ended:
                self._write_all()

    def _write_all(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        for kind, make in self._make.items():
            for path in self._folder.glob(f"*.{kind}"):
                if not _is_running(path):
                    path.unlink(missing_ok=True)
            own = self._own(kind)
            new = own.with_suffix(f".{kind}-new")
            new.write_bytes(make())
            new.replace(own)

    def _own(self, kind: str) -> Path:
        return self._folder / f"{os.getpid()}.{kind}"


def _is_running(path: Path) -> bool:
    return path.stem.isdecimal() and psutil.pid_exists(int(path.stem))
