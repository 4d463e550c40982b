"""What other workers told, read; what cannot be read is left out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Generic, TypeVar

__all__ = ["WorkerReadings"]

_log = logging.getLogger(__name__)

Told = TypeVar("Told")


class WorkerReadings(Generic[Told]):
    """Reads what each worker told, once; the log names a worker when it becomes unreadable.

    Thread-safe.

    Args:
        what: what is read, for the log.
        read: raises ValueError where it cannot.
    """

    def __init__(self, what: str, read: Callable[[bytes], Told]) -> None:
        self._what = what
        self._read_one = read
        self._lock = Lock()
        self._read: dict[str, tuple[bytes, Told | None]] = {}

    def read(self, told: Mapping[str, bytes]) -> dict[str, Told]:
        """Give those that can be read, by worker."""
        with self._lock:
            self._read = {worker: self._one(worker, written) for worker, written in told.items()}
            return {worker: one for worker, (_, one) in self._read.items() if one is not None}

    def _one(self, worker: str, written: bytes) -> tuple[bytes, Told | None]:
        before = self._read.get(worker)
        if before is not None and before[0] == written:
            return before
        try:
            return written, self._read_one(written)
        except ValueError as error:
            if before is None or before[1] is not None:
                _log.warning("%s of worker %s cannot be read: %s", self._what, worker, error)
            return written, None
