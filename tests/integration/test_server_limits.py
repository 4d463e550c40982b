"""Limits in time, and answers of models that are markup."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fakes.live_server import live_server
from fakes.web_agents import Clerk, serving, web_agent

MARKUP = "an order <script>alert(1)</script> ![x](http://192.0.2.1/x.png) [y](javascript:alert(1))"


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(web_agent(tmp_path, Clerk())) as (_, http):
        yield http


def test_a_body_that_does_not_come_is_not_waited_for(tmp_path: Path) -> None:
    with live_server(web_agent(tmp_path, Clerk()), body_timeout_s=0.1) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=30) as client:
            client.sendall(b"POST /chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{")
            answer = client.makefile("rb").read()

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in answer.lower()
    assert b"application/problem+json" in answer


async def test_a_turn_ends_when_its_time_is_over(tmp_path: Path) -> None:
    clerk = Clerk()
    agent = web_agent(tmp_path, clerk, request_timeout_s=0.5)
    async with serving(agent) as (app, http):
        answer = await http.post("/chat", json={"message": "hold invoice"})

        # A domain that is out of time answers without its model, if there is time for that.
        assert answer.status_code == 504 or answer.json()["degraded"]
        assert app.state.service.turns.idle
    assert not clerk.asked or clerk.cancelled == 1


@pytest.mark.parametrize(
    ("path", "body", "media"),
    [
        ("/chat", {"message": MARKUP}, "application/json"),
        ("/chat/stream", {"message": MARKUP}, "text/event-stream; charset=utf-8"),
        (
            "/v1/chat/completions",
            {"model": "mdsa", "messages": [{"role": "user", "content": MARKUP}]},
            "application/json",
        ),
    ],
)
async def test_what_a_model_says_is_data_that_no_browser_runs(
    http: httpx.AsyncClient, path: str, body: dict[str, object], media: str
) -> None:
    answer = await http.post(path, json=body)

    assert answer.status_code == 200
    assert "alert(1)" in answer.text
    assert answer.headers["content-type"] == media
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize("path", ["/nothing/at/all", "/sessions/none", "/openapi.json"])
async def test_every_answer_carries_the_security_headers(
    http: httpx.AsyncClient, path: str
) -> None:
    headers = (await http.get(path)).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["x-request-id"]
