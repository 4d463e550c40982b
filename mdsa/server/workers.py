"""Several processes that answer on one address."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from multiprocessing.connection import wait
from types import FrameType

import uvicorn
from fastapi import FastAPI
from typing_extensions import override
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from mdsa.server.process import DrainingServer

__all__ = ["Workers"]

_SILENT_S = 120
"""A worker that says nothing for so long is replaced; importing everything takes a while."""


class Workers(Multiprocess):
    """Starts the workers, replaces those that die, and ends them like a single server.

    Args:
        make_app: makes the application in a worker; has to be picklable.
        count: how many.
        listening: what they share.
        drain_s: as for `DrainingServer`.
    """

    def __init__(
        self, make_app: Callable[[], FastAPI], count: int, listening: socket.socket, drain_s: float
    ) -> None:
        super().__init__(
            uvicorn.Config(
                make_app,
                factory=True,
                workers=count,
                log_level="warning",
                timeout_worker_healthcheck=_SILENT_S,
            ),
            [listening],
        )
        self._make_app = make_app
        self._drain_s = drain_s

    @override
    def init_processes(self) -> None:
        """Start the workers."""
        self.processes = [self._start() for _ in range(self.processes_num)]

    @override
    def keep_subprocess_alive(self) -> None:
        """Replace workers that died or are silent."""
        for place, worker in enumerate(self.processes):
            if self.should_exit.is_set():
                return
            if worker.is_alive(timeout=_SILENT_S):
                continue
            worker.kill()
            worker.join()
            if worker.exitcode == uvicorn.config.STARTUP_FAILURE:
                self.should_exit.set()  # so would its successor fail; it has said why
                return
            self.processes[place] = self._start()

    def _start(self) -> Process:
        worker = _Worker(self.config, self.sockets, self._make_app, self._drain_s)
        worker.start()
        return worker


class _Worker(Process):
    def __init__(
        self,
        config: uvicorn.Config,
        sockets: list[socket.socket],
        make_app: Callable[[], FastAPI],
        drain_s: float,
    ) -> None:
        self._make_app = make_app
        self._drain_s = drain_s
        super().__init__(config, sockets)

    @override
    def is_alive(self, timeout: float = 5) -> bool:
        """Whether the worker answers in time; one that dies meanwhile is not waited for."""
        if not self.process.is_alive():
            return False
        try:
            self.parent_conn.send(b"ping")
            told = wait([self.parent_conn, self.process.sentinel], timeout)
            if self.process.sentinel in told or not told:
                return False
            self.parent_conn.recv()
        except (OSError, EOFError):
            return False
        return True

    @override
    def target(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve; called in the worker's process."""
        self._server = _WorkerServer(self._make_app(), drain_s=self._drain_s, owns_process=True)
        super().target(sockets)


class _WorkerServer(DrainingServer):
    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # Ctrl-C reaches all processes of a terminal; the parent tells the workers what to do.
        if sig != signal.SIGINT:
            super().handle_exit(sig, frame)
