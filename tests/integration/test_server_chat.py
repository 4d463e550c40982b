"""Turns over HTTP: whole, as a stream, waiting for a decision, refused, and given up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fakes.web_agents import Clerk, serving, until, web_agent
from fastapi import FastAPI

from mdsa.server.turn_paths import TURN_ROUTES


@pytest.fixture
def clerk() -> Clerk:
    return Clerk()


@pytest.fixture
async def served(tmp_path: Path, clerk: Clerk) -> AsyncIterator[tuple[FastAPI, httpx.AsyncClient]]:
    async with serving(web_agent(tmp_path, clerk)) as both:
        yield both


@pytest.fixture
def http(served: tuple[FastAPI, httpx.AsyncClient]) -> httpx.AsyncClient:
    return served[1]


def events(text: str) -> list[dict[str, Any]]:
    found = []
    for block in text.strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines())
        found.append(json.loads(lines["data"]))
        assert found[-1]["type"] == lines["event"]
    return found


async def test_a_message_is_answered_as_the_guide_promises(http: httpx.AsyncClient):
    answer = await http.post(
        "/chat", json={"message": "an order", "user_id": "user_001", "context": {"order_id": "7"}}
    )

    assert answer.status_code == 200
    body = answer.json()
    assert (body["domain"], body["decision"], body["degraded"]) == ("orders", "direct", False)
    assert body["response"].startswith("answer to")
    assert body["latency_ms"] > 0


async def test_a_session_goes_on_and_is_listed_shown_and_deleted(http: httpx.AsyncClient):
    await http.post("/chat", json={"message": "an order", "session_id": "s-1"})
    again = await http.post("/chat", json={"message": "an order again", "session_id": "s-1"})
    assert "after 1 others" in again.json()["response"]

    (listed,) = (await http.get("/sessions")).json()
    assert (listed["session_id"], listed["turns"], listed["last_domain"]) == ("s-1", 2, "orders")
    shown = (await http.get("/sessions/s-1")).json()
    assert [message["role"] for message in shown["messages"]] == ["user", "assistant"] * 2
    assert shown["messages"][0]["content"] == "an order"

    assert (await http.delete("/sessions/s-1")).status_code == 204
    assert (await http.get("/sessions/s-1")).status_code == 404
    assert (await http.get("/sessions")).json() == []


async def test_a_stream_tells_the_turn_in_order(http: httpx.AsyncClient):
    answer = await http.post("/chat/stream", json={"message": "an order"})

    assert answer.headers["content-type"].startswith("text/event-stream")
    told = events(answer.text)
    kinds = [event["type"] for event in told if event["type"] != "node"]
    assert kinds[0] == "route"
    assert set(kinds[1:-1]) == {"token"}
    assert kinds[-1] == "final"
    said = "".join(event["text"] for event in told if event["type"] == "token")
    assert said == told[-1]["result"]["response"]


async def test_tool_calls_wait_for_a_decision(http: httpx.AsyncClient):
    asked = await http.post("/chat/stream", json={"message": "cancel order", "session_id": "s"})
    *_, interrupt, final = events(asked.text)
    assert interrupt["calls"] == [{"id": "call-1", "name": "cancel", "args": {"order": "7"}}]
    assert final["result"]["interrupts"]

    unreadable = await http.post("/sessions/s/resume", json={"decision": {"call-9": True}})
    assert unreadable.status_code == 422
    done = await http.post("/sessions/s/resume", json={"decision": True})
    assert done.status_code == 200
    assert "gone 7" in done.json()["response"]
    over = await http.post("/sessions/s/resume", json={"decision": True})
    assert over.status_code == 422
    assert "no unfinished turn" in over.json()["detail"]


@pytest.mark.parametrize("path", ["/chat", "/chat/stream"])
@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 422, "body.message: Field required"),
        ({"message": " "}, 422, "the message is empty"),
        ({"message": "hi", "domains": ["nobody"]}, 404, "unknown domain 'nobody'"),
        ({"message": "hi", "session_id": "\n"}, 422, "cannot be used"),
        ({"message": "hi", "context": {"threshold": 7}}, 422, "threshold"),
        ({"message": "hi", "surprise": 1}, 422, "surprise"),
    ],
)
async def test_what_cannot_be_used_is_a_problem(
    http: httpx.AsyncClient, path: str, body: dict[str, Any], status: int, words: str
):
    answer = await http.post(path, json=body, headers={"X-Request-ID": "mine-1"})

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["instance"] == path
    assert problem["request_id"] == answer.headers["x-request-id"] == "mine-1"
    assert words in problem["detail"]


async def test_unknown_paths_and_methods_are_problems(http: httpx.AsyncClient):
    for answer in (await http.get("/nothing"), await http.get("/chat")):
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code
        assert answer.headers["x-request-id"]


async def test_domains_are_listed(http: httpx.AsyncClient):
    listed = (await http.get("/domains")).json()

    assert [domain["name"] for domain in listed] == ["orders", "billing", "weather"]
    assert listed[0]["keywords"] == ["order"]


async def test_turns_over_the_limit_wait_and_then_are_refused(tmp_path: Path, clerk: Clerk):
    agent = web_agent(tmp_path, clerk)
    async with serving(agent, max_running_turns=1, max_waiting_turns=1) as (app, http):
        running = asyncio.create_task(http.post("/chat", json={"message": "hold order"}))
        await clerk.holds()
        waiting = asyncio.create_task(http.post("/chat", json={"message": "second order"}))
        turns = app.state.service.turns
        await until(lambda: bool(turns.waiting))

        refused = await http.post("/chat", json={"message": "third order"})
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) >= 1
        assert (await http.get("/health")).status_code == 200

        clerk.release()
        assert [(await task).status_code for task in (running, waiting)] == [200, 200]
        assert turns.idle


async def test_what_finds_no_place_is_refused_before_it_is_looked_into(
    tmp_path: Path, clerk: Clerk
):
    agent = web_agent(tmp_path, clerk)
    async with serving(agent, max_running_turns=1, max_waiting_turns=0) as (app, http):
        running = asyncio.create_task(http.post("/chat", json={"message": "hold order"}))
        await clerk.holds()
        paths = {
            route: route.replace("{session_id}", "s").replace("{graph:path}", "mdsa/orders")
            for route in app_routes(app)
        }
        assert {*paths} == {*TURN_ROUTES}
        for path in paths.values():
            refused = await http.post(path, content=b"no JSON at all")
            assert (refused.status_code, "retry-after" in refused.headers) == (503, True), path
            assert refused.headers["content-type"] == "application/problem+json"
        told = (await http.get("/metrics")).text
        for route in paths:
            counted = f'mdsa_http_requests_total{{method="POST",route="{route}",status="503"}} 1.0'
            assert counted in told
        clerk.release()
        assert (await running).status_code == 200
        for path in paths.values():
            answer = await http.post(path, content=b"no JSON at all")
            assert answer.status_code == 422, path


async def test_a_request_keeps_its_place_on_the_way_to_its_turn(tmp_path: Path, clerk: Clerk):
    agent = web_agent(tmp_path, clerk)
    async with serving(agent, max_running_turns=1, max_waiting_turns=0) as (app, http):
        held = {"message": "hold order"}
        running = asyncio.create_task(http.post("/chat", json=held))
        # It comes in the same moment, long before the first one's turn.
        too_many = asyncio.create_task(http.post("/chat", content=b"no JSON at all"))
        assert (await too_many).status_code == 503

        await clerk.holds()
        clerk.release()
        assert (await running).status_code == 200
        for _ in range(2):  # one that asks for no turn gives its place back
            assert (await http.post("/chat", content=b"no JSON at all")).status_code == 422
        assert app.state.service.turns.arriving == 0


def app_routes(app: FastAPI) -> list[str]:
    """Those that take a turn: all that are posted to but the dashboard's."""
    found = [path for path, calls in app.openapi()["paths"].items() if "post" in calls]
    return [path.replace("{graph}", "{graph:path}") for path in found]


async def test_while_it_drains_what_runs_ends_and_nothing_begins(
    served: tuple[FastAPI, httpx.AsyncClient], clerk: Clerk
):
    app, http = served
    running = asyncio.create_task(http.post("/chat", json={"message": "hold order"}))
    await clerk.holds()
    app.state.service.turns.draining = True

    refused = await http.post("/chat/stream", json={"message": "an order"})
    assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
    ready = await http.get("/ready")
    assert (ready.status_code, ready.json()["status"]) == (503, "draining")

    clerk.release()
    assert (await running).status_code == 200


async def test_an_error_that_nobody_foresaw_tells_nothing(
    served: tuple[FastAPI, httpx.AsyncClient], caplog: pytest.LogCaptureFixture
):
    app, http = served

    async def broken() -> None:
        raise ZeroDivisionError("a secret of the server")

    app.add_api_route("/broken", broken)
    answer = await http.get("/broken")

    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text
    assert answer.json()["request_id"] in caplog.text


async def test_answers_carry_security_headers(http: httpx.AsyncClient):
    headers = (await http.get("/health")).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in headers
