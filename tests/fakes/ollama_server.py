"""A small Ollama: its HTTP API over one model that repeats, on the loopback interface."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class OllamaServer(ThreadingHTTPServer):
    """Serves /api/chat (streamed and whole), /api/tags and /api/show as Ollama 0.x does.

    The model says "You said:" and the last message. Where a request offers tools and the last
    message is not a tool's result, it calls the first with the argument `text`.
    """

    def __init__(self, models: list[str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.models = models
        self.requests: list[dict[str, Any]] = []
        self.refusal: str | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def serve_ollama(models: list[str]) -> Iterator[OllamaServer]:
    """Run a server in a thread."""
    server = OllamaServer(models)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: OllamaServer

    def do_GET(self) -> None:
        if self.path == "/api/tags":
            entries = [{"model": name, "name": name, "size": 1} for name in self.server.models]
            self._send(200, {"models": entries})
        else:
            self._send(404, {"error": "not found"})

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        request = json.loads(self.rfile.read(length))
        self.server.requests.append(request)
        if request["model"] not in self.server.models:
            self._send(404, {"error": f"model '{request['model']}' not found"})
        elif self.path == "/api/show":
            self._send(200, {"details": {"family": "fake"}, "capabilities": ["completion"]})
        elif self.server.refusal:
            self._send(400, {"error": self.server.refusal})
        elif self.path == "/api/chat":
            self._chat(request)
        else:
            self._send(404, {"error": "not found"})

    def _chat(self, request: dict[str, Any]) -> None:
        parts = self._parts(request)
        last = {"done": True, "done_reason": "stop", "prompt_eval_count": 7, "eval_count": 3}
        if not request.get("stream", True):
            content = "".join(part.get("content", "") for part in parts)
            message = {"role": "assistant", "content": content}
            self._send(200, {"model": request["model"], "message": message, **last})
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.end_headers()
        for part in parts:
            line = {"message": {"role": "assistant", "content": "", **part}, "done": False}
            self._line({"model": request["model"], **line})
        self._line(
            {"model": request["model"], "message": {"role": "assistant", "content": ""}, **last}
        )

    def _parts(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        said = request["messages"][-1]
        if request.get("tools") and said["role"] != "tool":
            name = request["tools"][0]["function"]["name"]
            call = {"function": {"name": name, "arguments": {"text": said["content"]}}}
            return [{"tool_calls": [call]}]
        return [{"content": word + " "} for word in ["You", "said:", *said["content"].split()]]

    def _line(self, value: dict[str, Any]) -> None:
        self.wfile.write(json.dumps(value).encode() + b"\n")
        self.wfile.flush()

    def _send(self, status: int, value: dict[str, Any]) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""
