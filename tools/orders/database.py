"""The order database: made from the packaged seed when it is missing, opened for each call."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.resources import files
from pathlib import Path

from filelock import FileLock, Timeout

from mdsa.errors import StorageError

__all__ = ["OrderDatabase"]

_VERSION = 1
_WAIT_S = 10.0


class OrderDatabase:
    """An SQLite file. Safe to use from several threads and processes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def connect(self) -> Iterator[sqlite3.Connection]:
        """Open a connection inside one transaction: kept on success, undone on an error.

        Raises:
            StorageError: the file cannot be made, read or written, or is something else.
        """
        self.ensure()
        try:
            with closing(self._open()) as connection:
                connection.row_factory = sqlite3.Row
                connection.execute("PRAGMA foreign_keys = ON")
                with connection:
                    yield connection
        except sqlite3.DatabaseError as error:
            raise StorageError(
                f"order database {self.path}: {error}; check the disk, or remove the file to get "
                "a fresh one."
            ) from error

    def ensure(self) -> None:
        """Make the database where it is missing; leave one that is there as it is.

        Raises:
            StorageError: it cannot be made, or the file is no order database.
        """
        try:
            if not self.path.exists():
                self.path.parent.mkdir(parents=True, exist_ok=True)
                # The lock keeps a second process from replacing what the first already changed.
                with FileLock(f"{self.path}.lock", timeout=_WAIT_S):
                    if not self.path.exists():
                        self._create()
            with closing(self._open()) as connection:
                (version,) = connection.execute("PRAGMA user_version").fetchone()
        except (OSError, sqlite3.DatabaseError, Timeout) as error:
            raise StorageError(f"order database {self.path} cannot be used: {error}.") from error
        if version != _VERSION:
            raise StorageError(
                f"{self.path} is not an order database of version {_VERSION} (it says {version}); "
                "move it away, and a new one is made."
            )

    def _open(self) -> sqlite3.Connection:
        # Mode rw: a file that vanished meanwhile must not come back empty.
        return sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=rw", uri=True, timeout=_WAIT_S)

    def _create(self) -> None:
        """Build beside the target and move it there, so that nobody sees half a database."""
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f"{self.path.name}.")
        os.close(handle)
        try:
            with closing(sqlite3.connect(name)) as connection:
                for script in ("schema.sql", "seed.sql"):
                    connection.executescript(
                        files("mdsa.tools.orders").joinpath(script).read_text(encoding="utf-8")
                    )
                connection.commit()
            Path(name).replace(self.path)
        finally:
            Path(name).unlink(missing_ok=True)
