"""A session of a domain's subgraph is that graph's, by whichever way it is reached."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fakes.web_agents import Clerk, serving, web_agent

from mdsa.core.orchestrator import TinyBERTOrchestrator
from mdsa.errors import InvalidInputError

THREAD = "orders:s"


@pytest.fixture
def agent(tmp_path: Path) -> TinyBERTOrchestrator:
    return web_agent(tmp_path, Clerk())


@pytest.fixture
async def http(agent: TinyBERTOrchestrator) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(agent) as (_, opened):
        yield opened


@pytest.fixture
async def call_id(http: httpx.AsyncClient) -> str:
    """A tool call that waits in the thread."""
    body = {
        "input": {"messages": [{"role": "user", "content": "cancel order"}]},
        "config": {"configurable": {"thread_id": THREAD}},
    }
    waiting = (await http.post("/langserve/mdsa/orders/invoke", json=body)).json()["output"]
    found: str = waiting["interrupts"][0]["calls"][0]["id"]
    return found


async def test_its_tool_call_is_decided_on_at_sessions(http: httpx.AsyncClient, call_id: str):
    foreign = await http.post(
        f"/sessions/{THREAD}/resume", json={"decision": True, "domains": ["billing"]}
    )
    assert foreign.status_code == 422
    done = await http.post(f"/sessions/{THREAD}/resume", json={"decision": {call_id: True}})
    assert done.status_code == 200, done.text
    assert done.json()["response"] == "the tool says gone 7"
    assert done.json()["domain"] == "orders"


async def test_its_tool_call_is_decided_on_by_the_facade(agent: TinyBERTOrchestrator, call_id: str):
    assert (await agent.aresume(THREAD, {call_id: True}))["response"] == "the tool says gone 7"


@pytest.mark.parametrize("path", ["/chat", "/chat/stream", "/langserve/mdsa/invoke"])
async def test_the_whole_graph_leaves_it_alone(http: httpx.AsyncClient, call_id: str, path: str):
    body: dict[str, Any] = {"message": "an order", "session_id": THREAD}
    if "langserve" in path:
        body = {
            "input": {"messages": [{"role": "user", "content": "an order"}]},
            "config": {"configurable": {"thread_id": THREAD}},
        }
    refused = await http.post(path, json=body)
    assert refused.status_code == 422, refused.text
    assert "/langserve/mdsa/orders" in refused.json()["detail"]
    done = await http.post(f"/sessions/{THREAD}/resume", json={"decision": {call_id: False}})
    assert "declined" in done.json()["response"]


def test_the_facade_refuses_it_too_and_takes_other_colons(agent: TinyBERTOrchestrator):
    with agent:
        with pytest.raises(InvalidInputError, match="'orders:s' is a thread"):
            agent.process_request("an order", {"session_id": THREAD})
        for session in ("shop:s", "orders", "orders:"):
            result = agent.process_request("an order", {"session_id": session})
            assert result["session_id"] == session
