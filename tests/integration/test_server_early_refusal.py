"""Turns that find the queue full, over a socket: refused before the application sees them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from fakes.live_server import live_app
from fakes.web_agents import Clerk, web_agent
from starlette.types import ASGIApp, Receive, Scope, Send

from mdsa.server import ServerSettings, create_app

GET = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
MESSAGE = json.dumps({"message": "second order"}).encode()


@dataclass
class Answer:
    """As it came over the socket."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self) -> dict[str, Any]:
        problem: dict[str, Any] = json.loads(self.body)
        return problem


@dataclass
class Connection:
    """One of a client's, which sends what it is told to."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def answer(self) -> Answer:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        status, *lines = head.strip().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return Answer(int(status.split()[1]), headers, body)


@dataclass
class FullServer:
    """A server whose only turn is held, and that lets none wait."""

    url: httpx.URL
    seen: list[str] = field(default_factory=list)
    """Paths that reached the application since then."""

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Connection]:
        reader, writer = await asyncio.open_connection(self.url.host, self.url.port)
        try:
            yield Connection(reader, writer)
        finally:
            writer.close()
            await writer.wait_closed()

    async def refused(self, request: bytes) -> Answer:
        async with self.connect() as connection:
            connection.send(request)
            return await connection.answer()


class Watched:
    """Outside of all middleware."""

    def __init__(self, app: ASGIApp, seen: list[str]) -> None:
        self._app = app
        self._seen = seen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._seen.append(scope.get("path", ""))
        await self._app(scope, receive, send)


def post(path: str = "/chat", body: bytes = MESSAGE, **headers: str) -> bytes:
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items()]
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{''.join(lines)}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[FullServer]:
    clerk = Clerk()
    limits = ServerSettings(
        warm_up=False,
        max_running_turns=1,
        max_waiting_turns=0,
        cors_origins=["https://app.example"],
    )
    app = create_app(web_agent(tmp_path, clerk), settings=limits)
    seen: list[str] = []
    app.add_middleware(Watched, seen=seen)
    with live_app(app) as url:
        async with httpx.AsyncClient(base_url=url, timeout=60) as http:
            running = asyncio.create_task(http.post("/chat", json={"message": "hold order"}))
            await clerk.holds()
            seen.clear()
            yield FullServer(httpx.URL(url), seen)
            clerk.release()
            assert (await running).status_code == 200


async def test_the_application_does_not_see_what_is_refused(server: FullServer):
    answer = await server.refused(post(x_request_id="r-1"))

    assert answer.status == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.headers["x-request-id"] == answer.problem["request_id"] == "r-1"
    assert server.seen == []


async def test_a_page_of_a_named_origin_may_read_its_refusal(server: FullServer):
    answer = await server.refused(post(Origin="https://app.example"))

    assert answer.status == 503
    assert answer.headers["access-control-allow-origin"] == "https://app.example"
    assert "retry-after" in answer.headers["access-control-expose-headers"]


async def test_it_is_told_the_same_as_by_the_application(server: FullServer):
    early = await server.refused(post())
    head, _, body = post(Expect="100-continue").partition(b"\r\n\r\n")
    async with server.connect() as connection:
        connection.send(head + b"\r\n\r\n")
        assert (await connection.answer()).status == 100
        connection.send(body)
        late = await connection.answer()

    assert server.seen == ["/chat"]
    assert late.status == early.status
    own = dict.fromkeys(("date", "x-request-id", "content-length", "vary"), "")
    assert {**late.headers, **own} == {**early.headers, **own}
    assert {**late.problem, "request_id": ""} == {**early.problem, "request_id": ""}


@pytest.mark.parametrize(
    ("path", "instance"),
    [
        ("/v1/chat/completions?n=1", "/v1/chat/completions"),
        ("/sessions/s%201/resume", "/sessions/s 1/resume"),
    ],
)
async def test_every_route_of_turns_is_refused(server: FullServer, path: str, instance: str):
    answer = await server.refused(post(path))

    assert (answer.status, answer.problem["instance"]) == (503, instance)
    assert ("error" in answer.problem) == path.startswith("/v1/")
    assert server.seen == []


async def test_refusals_are_counted(server: FullServer):
    await server.refused(post())
    await server.refused(post())
    async with httpx.AsyncClient(base_url=server.url) as http:
        told = (await http.get("/metrics")).text

    assert 'mdsa_http_requests_total{method="POST",route="/chat",status="503"} 2.0' in told


async def test_the_connection_goes_on_after_a_refusal(server: FullServer):
    async with server.connect() as connection:
        connection.send(post() + post())
        refused = [(await connection.answer()).status for _ in range(2)]
        connection.send(GET)

        assert [*refused, (await connection.answer()).status] == [503, 503, 200]
    assert server.seen == ["/health"]


async def test_the_connection_ends_where_the_client_says_so(server: FullServer):
    async with server.connect() as connection:
        connection.send(post(Connection="close"))

        assert (await connection.answer()).headers["connection"] == "close"
        assert await connection.reader.read() == b""
    assert server.seen == []


async def test_what_was_asked_before_on_the_connection_is_answered_first(server: FullServer):
    async with server.connect() as connection:
        connection.send(GET + post())

        assert [(await connection.answer()).status for _ in range(2)] == [200, 503]
    assert server.seen == ["/health", "/chat"]
