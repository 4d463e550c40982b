"""What those who run the server look at."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fakes.web_agents import Clerk, serving, web_agent
from prometheus_client.parser import text_string_to_metric_families


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(web_agent(tmp_path, Clerk())) as (_, http):
        yield http


async def samples(http: httpx.AsyncClient) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    answer = await http.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def test_metrics_count_turns_nodes_decisions_and_requests(http: httpx.AsyncClient):
    before = await samples(http)
    assert before["mdsa_domain_requests_total", frozenset({("domain", "orders")})] == 0
    for message in ("an order", "an order", "rain"):
        assert (await http.post("/chat", json={"message": message})).status_code == 200
    await http.get("/nothing/at/all")

    found = await samples(http)

    def value(name: str, **labels: str) -> float:
        return found[name, frozenset(labels.items())]

    assert value("mdsa_domain_requests_total", domain="orders") == 2
    assert value("mdsa_routing_decisions_total", decision="direct") == 3
    assert value("mdsa_turns_total", outcome="success") == 3
    assert value("mdsa_degraded_turns_total") == 1
    assert value("mdsa_model_failures_total", model="fake://down", reason="unavailable") == 1
    assert value("mdsa_turn_duration_seconds_count") == 3
    assert value("mdsa_routing_confidence_count") == 3
    assert value("mdsa_node_duration_seconds_count", domain="orders", node="generate") == 2
    assert value("mdsa_node_runs_total", domain="", node="gate", outcome="ok") == 3
    assert value("mdsa_turns_running") == 0
    assert value("mdsa_http_requests_total", method="POST", route="/chat", status="200") == 3
    assert value("mdsa_http_requests_total", method="GET", route="none", status="404") == 1


async def test_stats_are_those_of_get_stats(http: httpx.AsyncClient):
    await http.post("/chat", json={"message": "an order"})

    stats = (await http.get("/stats")).json()

    assert (stats["requests_total"], stats["domains_registered"]) == (1, 3)
    assert stats["domain_stats"]["orders"] == 1


async def test_ready_tells_how_every_part_stands(http: httpx.AsyncClient):
    assert (await http.get("/health")).json() == {"status": "healthy"}

    answer = await http.get("/ready")

    assert answer.status_code == 200
    found = {part["name"]: part for part in answer.json()["checks"]}
    assert found["sessions"]["ok"]
    assert found["knowledge"]["ok"]
    assert {"fake://clerk", "fake://down", "embedded://reader"} <= found.keys()
