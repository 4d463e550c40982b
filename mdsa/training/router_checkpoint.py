"""The folder beside the target in which a router is trained, so that a killed run goes on."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from mdsa.errors import ConfigError, MdsaError, StorageError
from mdsa.router.trained_folder import is_trained_folder
from mdsa.training.router_fit import FitState

__all__ = ["Workplace"]

_RUN = "run.json"
_NEEDED_BYTES = 1_000_000_000
"""Free space below which training does not begin: two networks with their optimizers."""


class Workplace:
    """Keeps what a run has done, as `.NAME.training` beside the target folder NAME.

    Nothing appears under the target's own name before it is complete.

    Args:
        target: where the router's folder will be.
    """

    def __init__(self, target: Path) -> None:
        self.target = target.expanduser().absolute()
        self.folder = self.target.with_name(f".{self.target.name}.training")
        self._former = self.folder / "former"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes from training for the same target.

        Raises:
            ConfigError: the target is in the way: a file, or a folder that is no router's.
            StorageError: another process is at it, or nothing can be written there.
        """
        self._check_target()
        try:
            self.target.parent.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(self.target.parent).free
            if free < _NEEDED_BYTES:
                raise StorageError(
                    f"{self.target.parent} has {free / 1e6:.0f} MB free; training needs up to "
                    f"{_NEEDED_BYTES / 1e6:.0f} MB for its checkpoints. Make room, or give "
                    "another folder."
                )
            lock = Path(f"{self.folder}.lock")
            with FileLock(lock, timeout=0):
                try:
                    self._restore_former()
                    yield
                finally:
                    lock.unlink(missing_ok=True)
        except Timeout as error:
            raise StorageError(
                f"another process is training {self.target}; wait for it, or give another folder."
            ) from error
        except MdsaError:  # some are OSErrors by inheritance, and say what is the matter
            raise
        except OSError as error:
            raise StorageError(
                f"cannot write beside {self.target} ({error.strerror or error}); make room or "
                "give another folder, and train again: what was done is kept where it could be."
            ) from error

    def open(self, fingerprint: str, *, resume: bool) -> bool:
        """Begin, or go on with what was done before on the same rows with the same settings.

        Args:
            fingerprint: of the rows, the settings and the encoder started from.
            resume: insist on going on.

        Returns:
            Whether something was done before.

        Raises:
            ConfigError: going on was insisted on, and there is nothing, or it is another run's.
        """
        try:
            found = json.loads((self.folder / _RUN).read_bytes())["fingerprint"]
        except (OSError, ValueError, KeyError, TypeError):
            found = None
        if found == fingerprint:
            return True
        if resume:
            problem = "there is none" if found is None else "its rows or settings were others"
            raise ConfigError(
                f"no run for {self.target} can be resumed: {problem}. Leave --resume out to train "
                "from the start."
            )
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        _write(self.folder / _RUN, json.dumps({"fingerprint": fingerprint}).encode())
        return False

    def keep(self, stage: str, state: FitState) -> None:
        """Keep where a stage stands; a kill leaves the former state or this one."""
        # Straight into a file, torch would report a full disk as an error of its own.
        packed = io.BytesIO()
        torch.save(vars(state), packed)
        _write(self.folder / f"{stage}.pt", packed.getbuffer())

    def kept(self, stage: str) -> FitState | None:
        """Where a stage stood."""
        path = self.folder / f"{stage}.pt"
        if not path.exists():
            return None
        return FitState(**torch.load(path, weights_only=True))

    def keep_array(self, name: str, array: NDArray[Any]) -> None:
        """Keep an array that took long to make."""
        packed = io.BytesIO()
        np.save(packed, array, allow_pickle=False)
        _write(self.folder / f"{name}.npy", packed.getbuffer())

    def kept_array(self, name: str) -> NDArray[Any] | None:
        """An array that was kept."""
        path = self.folder / f"{name}.npy"
        return np.load(path, allow_pickle=False) if path.exists() else None

    def forget(self, stage: str) -> None:
        """Give back the space of a stage that is over."""
        (self.folder / f"{stage}.pt").unlink(missing_ok=True)

    def finished_folder(self) -> Path:
        """An empty folder in which the result is put together."""
        folder = self.folder / "finished"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def publish(self, finished: Path) -> None:
        """Put the result in the target's place and remove everything else."""
        shutil.rmtree(self._former, ignore_errors=True)
        if self.target.exists():
            self.target.replace(self._former)
        finished.replace(self.target)
        shutil.rmtree(self.folder)

    def _restore_former(self) -> None:
        """Put back what a kill in `publish`, between its two renames, left without its name."""
        if self._former.exists() and not self.target.exists():
            self._former.replace(self.target)

    def _check_target(self) -> None:
        if not self.target.exists():
            return
        if not self.target.is_dir():
            raise ConfigError(f"{self.target} is a file; give a folder that is new or a router's.")
        if any(self.target.iterdir()) and not is_trained_folder(self.target):
            raise ConfigError(
                f"{self.target} is not empty and holds no trained router; give another folder, or "
                "empty this one."
            )


def _write(path: Path, data: bytes | memoryview) -> None:
    """Write beside the file, then rename."""
    temporary = path.with_name(f"{path.name}.tmp")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
