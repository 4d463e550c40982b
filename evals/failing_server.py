"""A server that speaks as much of Ollama's HTTP API as it takes to fail like one."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, get_args

__all__ = ["FAILURES", "Failure", "serve_failing"]

Failure = Literal["down", "hangs", "out of memory", "busy", "cuts", "empty", "loops"]
"""What it does: refuses connections, never answers, HTTP 500 for want of memory, HTTP 503, breaks a
stream off, ends an answer before its first word, repeats one phrase."""

FAILURES: tuple[Failure, ...] = get_args(Failure)

_CAPABILITIES = ["completion", "tools"]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    failure: Failure
    stopped: threading.Event


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self._send(200, {"models": [{"model": "llama3:8b", "name": "llama3:8b", "size": 1}]})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/api/show":
            details = {"family": "llama", "quantization_level": "Q4_0"}
            information = {"llama.context_length": 8192}
            self._send(
                200,
                {"details": details, "model_info": information, "capabilities": _CAPABILITIES},
            )
        elif self.path == "/api/chat":
            self._fail()
        else:
            self._send(404, {"error": "not found"})

    def _fail(self) -> None:
        failure = self.server.failure
        if failure == "hangs":
            self.server.stopped.wait()
        elif failure == "out of memory":
            problem = "model requires more system memory (8.1 GiB) than is available (2.0 GiB)"
            self._send(500, {"error": problem})
        elif failure == "busy":
            self._send(503, {"error": "server busy, please try again. maximum pending requests"})
        elif failure == "cuts":
            self._stream(["The ", "answer "], done=False)
        elif failure == "empty":
            self._stream([], done=True)
        else:
            self._stream(["the same "] * 60, done=True)

    def _stream(self, words: list[str], *, done: bool) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.end_headers()
        for word in words:
            self._line({"message": {"role": "assistant", "content": word}, "done": False})
        if done:
            message = {"role": "assistant", "content": ""}
            self._line({"message": message, "done": True, "done_reason": "stop", "eval_count": 1})

    def _line(self, value: dict[str, Any]) -> None:
        stamped = {"model": "llama3:8b", "created_at": "2026-01-01T00:00:00Z", **value}
        self.wfile.write(json.dumps(stamped).encode() + b"\n")
        self.wfile.flush()

    def _send(self, status: int, value: dict[str, Any]) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextmanager
def serve_failing(failure: Failure) -> Iterator[str]:
    """Run the server in a thread; gives its address.

    Args:
        failure: what it does. Where it is down, nobody listens at the address.
    """
    if failure == "down":
        with (
            socket.socket() as taken
        ):  # bound, so that nobody else takes the port, but not listening
            taken.bind(("127.0.0.1", 0))
            yield f"http://127.0.0.1:{taken.getsockname()[1]}"
        return
    server = _Server(("127.0.0.1", 0), _Handler)
    server.failure, server.stopped = failure, threading.Event()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.stopped.set()
        server.shutdown()
        thread.join()
        server.server_close()
