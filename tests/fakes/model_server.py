"""What the fake model servers share: streamed HTTP/1.1 over threads, and ways of going wrong."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

_HoldTimeoutS = 30.0


@dataclass
class Fault:
    """What goes wrong with each answer; the counts are of parts that still go out.

    Attributes:
        refusal: status and message in the place of an answer.
        cut_after: the connection is closed then.
        end_after: the response ends properly then, but without its last part.
        garbage_after: a line that is no JSON follows.
        error_after: count, and the message of an error within the stream.
        hold: the first part waits for it.
        reply: media type and body in the place of every answer, with status 200.
    """

    refusal: tuple[int, str] | None = None
    cut_after: int | None = None
    end_after: int | None = None
    garbage_after: int | None = None
    error_after: tuple[int, str] | None = None
    hold: threading.Event | None = None
    reply: tuple[str, bytes] | None = None


class CutOffError(Exception):
    """The handler must close the connection without ending the response."""


@dataclass
class Recorded:
    """A request as it came in."""

    path: str
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)


class ModelServer(ThreadingHTTPServer):
    """Serves on the loopback interface; `fault` may be changed at any time."""

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.recorded: list[Recorded] = []
        self.fault = Fault()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def bodies(self, path: str) -> list[dict[str, Any]]:
        """What was sent to a path."""
        return [request.body for request in self.recorded if request.path == path]


ServerT = TypeVar("ServerT", bound=ModelServer)


@contextmanager
def running(server: ServerT) -> Iterator[ServerT]:
    """Run a server in a thread."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        if server.fault.hold is not None:
            server.fault.hold.set()
        server.shutdown()
        thread.join()
        server.server_close()


class ModelHandler(BaseHTTPRequestHandler):
    """Reads JSON, writes JSON or a chunked stream of parts."""

    protocol_version = "HTTP/1.1"

    def read_json(self) -> dict[str, Any]:
        """The body; it is recorded."""
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"{}")
        self.server.recorded.append(  # type: ignore[attr-defined]
            Recorded(self.path, body, {k.lower(): v for k, v in self.headers.items()})
        )
        return body

    def send_json(self, status: int, value: Any, *, kind: str = "application/json") -> None:
        """Send a whole response."""
        self.send_body(status, f"{kind}; charset=utf-8", json.dumps(value).encode())

    def send_body(self, status: int, kind: str, body: bytes) -> None:
        """Send a whole response of any kind."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def send_parts(self, parts: Iterable[bytes], kind: str) -> None:
        """Send parts as they come, each at once."""
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for part in parts:
                self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
        except CutOffError:
            self.close_connection = True
        except (BrokenPipeError, ConnectionResetError):  # the client has gone
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


def with_faults(parts: Iterable[bytes], fault: Fault, garbage: bytes) -> Iterator[bytes]:
    """Parts as a fault lets them through; an error within the stream is the server's own form."""
    for number, part in enumerate(parts):
        if fault.hold is not None:
            fault.hold.wait(_HoldTimeoutS)
        if fault.cut_after == number:
            raise CutOffError
        if fault.end_after == number:
            return
        if fault.garbage_after == number:
            yield garbage
        yield part
