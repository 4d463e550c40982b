"""What the dashboard tells of turns: figures, traces, the graph, and routes."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fakes.live_server import live_server
from fakes.web_agents import Clerk, serving, until, web_agent

from mdsa.server.keys import KeyStore

API = "/dashboard/api"


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(web_agent(tmp_path, Clerk())) as (_, http):
        yield http


async def say(http: httpx.AsyncClient, *messages: str) -> None:
    for message in messages:
        assert (await http.post("/chat", json={"message": message})).status_code == 200


async def test_the_summary_counts_what_was_asked(http: httpx.AsyncClient):
    await say(http, "an order", "an order", "rain")

    found = (await http.get(f"{API}/summary")).json()

    assert found["requests_total"] == 3
    assert found["domains"] == {"orders": 2, "billing": 0, "weather": 1}
    assert found["degraded_total"] == 1
    # Three messages at 0.9: the last bucket that does not exceed it.
    assert found["confidence"]["counts"] == [0, 0, 0, 0, 0, 0, 0, 0, 3, 0]
    assert found["confidence"]["threshold"] == 0.7
    assert found["nodes"]["orders/generate"]["count"] == 2
    assert found["turns"] == {"running": 0, "waiting": 0}
    assert found["workers"] == 1


async def test_requests_are_told_newest_first_without_a_word_of_theirs(http: httpx.AsyncClient):
    await say(http, "an order of gin", "rain")

    answer = await http.get(f"{API}/requests")

    rain, order = answer.json()
    assert (rain["domains"], order["domains"]) == (["weather"], ["orders"])
    assert rain["failures"] == [{"model": "fake://down", "reason": "unavailable"}]
    assert {"classify", "gate", "orders", "orders/generate", "merge"} <= order[
        "node_latency_ms"
    ].keys()
    assert "session_id" not in order
    assert "gin" not in answer.text
    assert len((await http.get(f"{API}/requests?most=1")).json()) == 1


async def test_a_turn_that_stopped_for_approval_is_neither_answered_nor_failed(
    http: httpx.AsyncClient,
):
    asked = (await http.post("/chat", json={"message": "cancel order"})).json()

    (stopped,) = (await http.get(f"{API}/requests")).json()
    assert (stopped["success"], stopped["interrupted"]) == (True, True)
    summary = (await http.get(f"{API}/summary")).json()
    told = ("requests_total", "requests_interrupted", "requests_success", "requests_failed")
    assert [summary[name] for name in told] == [1, 1, 0, 0]
    assert 'mdsa_turns_total{outcome="interrupted"} 1.0' in (await http.get("/metrics")).text

    await http.post(f"/sessions/{asked['session_id']}/resume", json={"decision": True})
    stats = (await http.get("/stats")).json()
    assert [stats[name] for name in told] == [2, 1, 1, 0]
    assert stats["success_rate"] == 1.0


async def test_a_worker_whose_figures_cannot_be_read_is_left_out(tmp_path: Path):
    folder = tmp_path / "workers"
    folder.mkdir()
    for kind in ("json", "prom"):
        (folder / f"{os.getppid()}.{kind}").write_bytes(b"\xff broken")
    async with serving(web_agent(tmp_path, Clerk()), workers_folder=folder) as (_, http):
        await say(http, "an order")
        for path in ("/stats", f"{API}/summary"):
            found = (await http.get(path)).json()
            assert (found["workers"], found["workers_unread"]) == (1, 1)
            assert found["requests_total"] == 1
        assert len((await http.get(f"{API}/requests")).json()) == 1
        assert (await http.get(f"{API}/status")).status_code == 200
        figures = (await http.get("/metrics")).text
        assert f'mdsa_turns_total{{outcome="success",worker="{os.getpid()}"}} 1.0' in figures


async def test_a_turn_that_did_not_end_tells_how_far_it_came(tmp_path: Path):
    clerk = Clerk()
    agent = web_agent(tmp_path, clerk)
    async with serving(agent) as (_, http):
        turn = asyncio.create_task(agent.aprocess_request("hold the order"))
        await clerk.holds()
        turn.cancel()
        with pytest.raises(asyncio.CancelledError):
            await turn
        await until(lambda: bool(agent.monitoring.recent(1)))
        (found,) = (await http.get(f"{API}/requests")).json()

    assert (found["success"], found["error_type"]) == (False, "CancelledError")
    assert {"classify", "gate", "orders/retrieve"} <= found["node_latency_ms"].keys()
    assert "merge" not in found["node_latency_ms"]


async def test_the_graph_is_the_compiled_one(http: httpx.AsyncClient):
    found = (await http.get(f"{API}/graph")).json()

    ids = {node["id"]: node["group"] for node in found["nodes"]}
    assert ids["gate"] == ""
    assert ids["orders/approve"] == "orders"
    assert "billing/tools" not in ids
    edges = {(edge["source"], edge["target"]) for edge in found["edges"]}
    assert {("classify", "gate"), ("gate", "orders/retrieve"), ("orders/answer", "merge")} <= edges
    # Asking for it leaves the agent's own graph, and its sessions, as they are.
    await say(http, "an order")


async def test_a_route_is_explained_without_an_answer(http: httpx.AsyncClient):
    answer = await http.post(
        f"{API}/explain", json={"message": "where is my order and where is the invoice"}
    )

    found = answer.json()
    assert found["decision"] == "decompose"
    assert found["domains"] == ["orders", "billing"]
    assert found["message"]["scores"] == {"orders": 0.45, "billing": 0.45, "weather": 0}
    assert [part["evidence"] for part in found["clauses"]] == ["order", "invoice"]
    assert found["settings"]["threshold"] == 0.7
    assert (await http.get("/stats")).json()["requests_total"] == 0
    assert (await http.post(f"{API}/explain", json={"message": " "})).status_code == 422


async def test_the_status_tells_of_models_and_stores(http: httpx.AsyncClient):
    await say(http, "rain")

    found = (await http.get(f"{API}/status")).json()

    assert {"sessions", "knowledge", "fake://down"} <= {part["name"] for part in found["parts"]}
    assert found["failures"] == {"fake://down": {"unavailable": 1}}
    assert found["breakers"]["fake://down"]["failures_in_a_row"] == 1
    assert found["knowledge"]["domains"] == {"orders": 0, "billing": 0, "weather": 0}


async def test_a_key_for_some_domains_learns_nothing_of_the_others(tmp_path: Path):
    agent = web_agent(tmp_path, Clerk())
    key = KeyStore(agent.settings.data_dir).create("clinic", domains=["billing"])[1]
    async with serving(agent) as (_, http):
        for path in ("summary", "requests", "status", "live", "graph", "knowledge"):
            assert (await http.get(f"{API}/{path}")).status_code == 401, path
        http.headers["Authorization"] = f"Bearer {key}"
        for path in ("summary", "requests", "status", "live"):
            assert (await http.get(f"{API}/{path}")).status_code == 403, path
        graph = await http.get(f"{API}/graph")
        explained = await http.post(f"{API}/explain", json={"message": "an order"})

    assert "billing/generate" in graph.text
    assert "orders" not in graph.text
    assert explained.json()["message"]["scores"] == {"billing": 0.0}
    assert "orders" not in explained.text


async def events(answer: httpx.Response) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    name = ""
    async for line in answer.aiter_lines():
        if line.startswith("event:"):
            name = line.removeprefix("event:").strip()
        if line.startswith("data:"):
            yield name, json.loads(line.removeprefix("data:"))


async def test_requests_are_told_as_they_end(tmp_path: Path):
    agent = web_agent(tmp_path, Clerk())
    with live_server(agent) as url:
        async with httpx.AsyncClient(base_url=url, timeout=30) as http:
            async with http.stream("GET", f"{API}/live") as answer:
                told = events(answer)
                assert await anext(told) == ("requests", {"first": True, "requests": []})
                assert (await anext(told))[0] == "summary"
                assert agent.message_bus.stats()["active_subscribers"] == 1
                await say(http, "an order")
                seen: list[str] = []
                async with asyncio.timeout(30):
                    async for name, data in told:
                        if name == "requests":
                            seen += [one["request_id"] for one in data["requests"]]
                        elif data["requests_total"] == 1 and seen:
                            break
                assert len(seen) == 1
            # Nobody watches any more.
            async with asyncio.timeout(30):
                while agent.message_bus.stats()["active_subscribers"]:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
