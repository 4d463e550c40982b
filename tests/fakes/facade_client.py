"""The test's side of `facade_process`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_TESTS = Path(__file__).parents[1]


class FacadeClient:
    """Starts the process over a folder; at the end it is killed with SIGKILL if it still runs."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(_TESTS / "fakes" / "facade_process.py"), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(_TESTS)},
        )
        assert self.read() == "ready"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def read(self) -> Any:
        """The next line that the process prints."""
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def send(self, **command: Any) -> None:
        """Give a command without waiting for its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()

    def call(self, **command: Any) -> Any:
        """Give a command and wait for its answer."""
        self.send(**command)
        return self.read()

    def kill(self) -> None:
        """SIGKILL: nothing in the process gets to finish."""
        self._process.kill()
        self._process.communicate()
