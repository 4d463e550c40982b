"""API keys: who may ask, which domains, how often. Only hashes are stored.

A key is 256 random bits, so that one round of SHA-256 is enough: there is nothing to guess. (Slow
hashes are for passwords.)
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mdsa.errors import InvalidInputError, StorageError, UnknownNameError
from mdsa.utils.validation import describe_problems

__all__ = ["KEYS_FILE", "ApiKey", "KeyStore"]

KEYS_FILE = "api_keys.json"

_KEY = re.compile(r"mdsa_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_OWNER = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"


class ApiKey(BaseModel):
    """A key as it is stored."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern="^[0-9a-f]{12}$")
    owner: str = Field(pattern=_OWNER, description="Whose sessions it reaches.")
    domains: list[str] | None = Field(default=None, description="None is all of them.")
    requests_per_minute: int | None = Field(default=None, gt=0, description="None: as the server.")
    manages: bool = Field(default=False, description="May change the documents of its domains.")
    created_at: datetime
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="Of the key's secret part.")


class _KeysFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    keys: list[ApiKey] = Field(default_factory=list)


class KeyStore:
    """The keys of a data directory. Thread-safe, and safe among processes.

    Args:
        data_dir: holds `api_keys.json`; made by the first key.
    """

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / KEYS_FILE
        self._lock = Lock()
        self._seen: tuple[int, int, int] | None = None
        self._keys: dict[str, ApiKey] = {}

    @property
    def configured(self) -> bool:
        """A key was created here once; that the last one was revoked opens no door again."""
        return self.path.exists()

    def create(
        self,
        owner: str,
        *,
        domains: Sequence[str] | None = None,
        requests_per_minute: int | None = None,
        manages: bool = False,
    ) -> tuple[ApiKey, str]:
        """Make a key.

        Args:
            owner: whose sessions it reaches; several keys may have one owner.
            domains: those it may ask; None is all, also of later ones.
            requests_per_minute: its rate limit; None is the server's.
            manages: it may upload and delete documents of the domains that it may ask, and shared
                ones if it may ask all.

        Returns:
            What is stored, and the key itself, which is not.

        Raises:
            InvalidInputError: a value cannot be used.
            StorageError: the file cannot be used.
        """
        secret = secrets.token_urlsafe(32)
        try:
            made = ApiKey(
                id=secrets.token_hex(6),
                owner=owner,
                domains=None if domains is None else list(domains),
                requests_per_minute=requests_per_minute,
                manages=manages,
                created_at=datetime.now(UTC),
                sha256=_digest(secret),
            )
        except ValidationError as error:
            raise InvalidInputError(
                f"the key cannot be created: {describe_problems(error)}"
            ) from error
        with self._writing() as keys:
            keys[made.id] = made
        return made, f"mdsa_{made.id}_{secret}"

    def list(self) -> list[ApiKey]:
        """The keys, oldest first.

        Raises:
            StorageError: the file cannot be used.
        """
        return sorted(self._current().values(), key=lambda key: key.created_at)

    def revoke(self, key_id: str) -> ApiKey:
        """Delete a key; running servers refuse it from now on.

        Raises:
            UnknownNameError: no such key.
            StorageError: the file cannot be used.
        """
        with self._writing() as keys:
            if key_id not in keys:
                raise UnknownNameError("API key", key_id, keys)
            return keys.pop(key_id)

    def find(self, text: str) -> ApiKey | None:
        """The key that was shown, if it is one.

        Raises:
            StorageError: the file cannot be used.
        """
        match = _KEY.fullmatch(text)
        found = self._current().get(match[1]) if match else None
        if match is None or found is None:
            return None
        return found if hmac.compare_digest(found.sha256, _digest(match[2])) else None

    def _current(self) -> dict[str, ApiKey]:
        """The stored keys, read again after each change of the file."""
        with self._lock:
            try:
                state = self.path.stat()
            except FileNotFoundError:
                self._seen, self._keys = None, {}
                return self._keys
            except OSError as error:
                raise self._unusable(error) from error
            stamp = (state.st_mtime_ns, state.st_size, state.st_ino)
            if stamp != self._seen:
                self._keys, self._seen = self._read(), stamp
            return self._keys

    def _read(self) -> dict[str, ApiKey]:
        try:
            text = self.path.read_text(encoding="utf-8")
        except OSError as error:
            raise self._unusable(error) from error
        try:
            return {key.id: key for key in _KeysFile.model_validate_json(text).keys}
        except ValidationError as error:
            problems = describe_problems(error)
            raise StorageError(
                f"API keys {self.path}: {problems}. Correct the file or restore a backup."
            ) from error

    @contextmanager
    def _writing(self) -> Iterator[dict[str, ApiKey]]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.path.with_name(self.path.name + ".lock")):
                keys = self._read() if self.path.exists() else {}
                yield keys
                self._write(_KeysFile(keys=list(keys.values())))
        except OSError as error:
            raise self._unusable(error) from error

    def _write(self, content: _KeysFile) -> None:
        # Another process reads the old file or the new one, and never half of it.
        new = self.path.with_name(f"{self.path.name}.{os.getpid()}.new")
        new.touch(mode=0o600)
        new.write_text(content.model_dump_json(indent=2), encoding="utf-8")
        new.replace(self.path)

    def _unusable(self, error: OSError) -> StorageError:
        return StorageError(
            f"API keys {self.path} cannot be used: {error}; make the data directory "
            "(MDSA_DATA_DIR) readable and writable."
        )


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
