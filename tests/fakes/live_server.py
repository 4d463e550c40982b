"""A real uvicorn on a free port of this machine, in a thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import FastAPI

from mdsa.core.orchestrator import TinyBERTOrchestrator
from mdsa.server import ServerSettings, create_app
from mdsa.server.listening import open_socket
from mdsa.server.process import DrainingServer


@contextmanager
def live_server(agent: TinyBERTOrchestrator, **limits: Any) -> Iterator[str]:
    """Serve an agent; gives the address."""
    with live_app(
        create_app(agent, settings=ServerSettings(**{"warm_up": False, **limits}))
    ) as url:
        yield url


@contextmanager
def live_app(app: FastAPI) -> Iterator[str]:
    """Serve an application of `create_app`; gives the address."""
    server = DrainingServer(app, drain_s=5)
    with open_socket("127.0.0.1", 0) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
