"""Every route of the server, asked by strangers for what is not theirs: refused, and never data.

The routes are read from the app, so that a new one fails here until it is listed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from fakes.web_agents import Clerk, serving, web_agent
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from mdsa.server import create_app
from mdsa.server.keys import KeyStore

SAID, WRITTEN = "gin4711", "zebra9000"
"""In a session of `shop`'s, and in a document of the domain `orders`."""

PUBLIC = {
    ("GET", "/openapi.json"),
    ("GET", "/health"),
    ("GET", "/ready"),
    # The dashboard's pages are the same for everyone; what they show comes from /dashboard/api.
    ("GET", "/dashboard"),
    ("GET", "/dashboard/traces"),
    ("GET", "/dashboard/try"),
    ("GET", "/dashboard/knowledge"),
    ("GET", "/dashboard/static/{name}"),
}


@dataclass(frozen=True)
class Try:
    """A request of `rival`, who may use all domains, or of `narrow`, who may use `billing`."""

    caller: str
    url: str = ""
    """The route's own where it is empty."""
    json: Any = None
    refused: bool = True
    """False where the caller has an answer of its own, in which nothing foreign may stand."""


def _langserve(call: str) -> list[Try]:
    foreign = {"configurable": {"thread_id": "s"}}
    runs: list[dict[str, Any]] = [
        {"input": {"messages": [SAID]}, "config": foreign},
        {
            "input": {"messages": ["an order"]},
            "config": {"configurable": {"thread_id": "s", "user_id": "shop"}},
        },
        {"input": {"resume": True}, "config": foreign},
    ]
    narrow = {"input": {"messages": [WRITTEN]}}
    if call == "batch":
        runs = [{"inputs": [run["input"]], "config": [run["config"]]} for run in runs]
        narrow = {"inputs": [narrow["input"]]}
    return [
        *(Try("rival", f"/langserve/mdsa/{call}", run) for run in runs),
        *(Try("rival", f"/langserve/mdsa/orders/{call}", run) for run in runs),
        Try("narrow", f"/langserve/mdsa/orders/{call}", narrow),
    ]


def _looked(call: str) -> list[Try]:
    return [Try("narrow", f"/langserve/mdsa/orders/{call}")]


ORDER = {"message": "an order"}
CHAT = [
    Try("rival", json={**ORDER, "session_id": "s"}),
    Try("rival", json={**ORDER, "session_id": "s", "user_id": "shop"}),
    Try("rival", json={**ORDER, "context": {"session_id": "s"}}),
    Try("narrow", json={**ORDER, "domains": ["orders"]}),
    Try("narrow", json={**ORDER, "context": {"allowed_domains": ["orders"]}}),
    Try("narrow", json={"message": f"the order {WRITTEN}"}, refused=False),
]
SAY = [{"role": "user", "content": "an order"}]
SESSION = [Try("rival", "/sessions/s"), Try("rival", "/sessions/s?user_id=shop")]
FILES = "/dashboard/api/knowledge/files"

TRIES: dict[tuple[str, str], list[Try]] = {
    ("POST", "/chat"): CHAT,
    ("POST", "/chat/stream"): CHAT,
    ("GET", "/sessions"): [
        Try("rival", refused=False),
        Try("rival", "/sessions?user_id=shop", refused=False),
    ],
    ("GET", "/sessions/{session_id}"): SESSION,
    ("DELETE", "/sessions/{session_id}"): SESSION,
    ("POST", "/sessions/{session_id}/resume"): [
        Try("rival", "/sessions/s/resume", {"decision": True}),
        Try("rival", "/sessions/s/resume", {"decision": True, "user_id": "shop"}),
        Try("narrow", "/sessions/s/resume", {"domains": ["orders"]}),
    ],
    ("GET", "/domains"): [Try("narrow", refused=False)],
    ("GET", "/metrics"): [Try("narrow"), Try("rival", refused=False)],
    ("GET", "/stats"): [Try("narrow"), Try("rival", refused=False)],
    ("GET", "/v1/models"): [Try("narrow", refused=False)],
    ("GET", "/v1/models/{model:path}"): [Try("narrow", "/v1/models/mdsa/orders")],
    ("POST", "/v1/chat/completions"): [
        Try("rival", json={"model": "mdsa", "messages": SAY, "session_id": "s"}),
        Try("rival", json={"model": "mdsa", "messages": SAY, "metadata": {"session_id": "s"}}),
        Try("narrow", json={"model": "mdsa/orders", "messages": SAY}),
    ],
    ("POST", "/v1/responses"): [
        Try("rival", json={"model": "mdsa", "input": "an order", "metadata": {"session_id": "s"}}),
        Try("narrow", json={"model": "mdsa/orders", "input": "an order"}),
    ],
    **{
        ("POST", f"/langserve/{{graph:path}}/{call}"): _langserve(call)
        for call in ("invoke", "batch", "stream", "stream_events", "stream_log")
    },
    **{
        ("GET", f"/langserve/{{graph:path}}/{call}"): _looked(call)
        for call in ("input_schema", "output_schema", "config_schema")
    },
    ("GET", "/langserve/{graph:path}/playground/{file:path}"): _looked("playground/"),
    ("GET", "/dashboard/api/summary"): [Try("narrow"), Try("rival", refused=False)],
    ("GET", "/dashboard/api/requests"): [Try("narrow"), Try("rival", refused=False)],
    ("GET", "/dashboard/api/status"): [Try("narrow"), Try("rival", refused=False)],
    ("GET", "/dashboard/api/live"): [Try("narrow")],
    ("GET", "/dashboard/api/graph"): [Try("narrow", refused=False)],
    ("POST", "/dashboard/api/explain"): [Try("narrow", json=ORDER, refused=False)],
    ("GET", "/dashboard/api/knowledge"): [Try("narrow", refused=False)],
    ("GET", FILES): [Try("narrow", f"{FILES}?domain=orders"), Try("narrow", refused=False)],
    ("POST", "/dashboard/api/knowledge/search"): [
        Try("narrow", json={"query": "zebra", "domain": "orders"}),
        Try("narrow", json={"query": "zebra"}, refused=False),
    ],
    ("PUT", f"{FILES}/{{name}}"): [
        Try("narrow", f"{FILES}/a.txt?domain=orders"),
        Try("rival", f"{FILES}/a.txt?domain=orders"),
    ],
    ("DELETE", FILES): [
        Try("narrow", f"{FILES}?domain=orders&source=stock.txt"),
        Try("rival", f"{FILES}?domain=orders&source=stock.txt"),
    ],
}


def routes_of(app: FastAPI) -> set[tuple[str, str]]:
    return {
        (method, str(route.path))
        for route in iter_route_contexts(app.routes)
        for method in set(route.methods or ()) - {"HEAD"}
    }


def test_every_route_is_walked():
    assert routes_of(create_app()) == PUBLIC | set(TRIES)


@dataclass
class Strangers:
    """A server with something to hide."""

    http: httpx.AsyncClient
    keys: dict[str, str] = field(default_factory=dict)

    async def ask(self, method: str, url: str, key: str | None, json: Any = None) -> httpx.Response:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        return await self.http.request(method, url, headers=headers, json=json)


@pytest.fixture
async def strangers(tmp_path: Path) -> AsyncIterator[Strangers]:
    agent = web_agent(tmp_path, Clerk())
    content = f"The order of the {WRITTEN} is in stock."
    document = {"content": content, "metadata": {"source": "stock.txt"}}
    agent.rag.add_local_documents("orders", [document])
    keys = KeyStore(agent.settings.data_dir)
    made = {
        "shop": keys.create("shop")[1],
        "rival": keys.create("rival")[1],
        "narrow": keys.create("narrow", domains=["billing"])[1],
    }
    revoked, made["revoked"] = keys.create("gone")
    keys.revoke(revoked.id)
    async with serving(agent, client=("203.0.113.9", 7)) as (_, http):
        found = Strangers(http, {**made, "unknown": "mdsa_000000000000_" + "x" * 43})
        for path in ("mdsa", "mdsa/orders"):
            run = {
                "input": {"messages": [f"cancel order of {SAID}"]},
                "config": {"configurable": {"thread_id": "s"}},
            }
            begun = await found.ask("POST", f"/langserve/{path}/invoke", made["shop"], run)
            assert begun.json()["output"]["interrupts"]
        yield found


async def test_nothing_is_told_without_a_valid_key(strangers: Strangers):
    for (method, path), tries in TRIES.items():
        for key in (None, "nonsense", strangers.keys["revoked"], strangers.keys["unknown"]):
            answer = await strangers.ask(method, tries[0].url or path, key, tries[0].json)
            assert answer.status_code == 401, (method, path, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"


async def test_nothing_foreign_is_told(strangers: Strangers):
    for (method, path), tries in TRIES.items():
        for one in tries:
            key = strangers.keys[one.caller]
            answer = await strangers.ask(method, one.url or path, key, one.json)
            allowed = (403, 404) if one.refused else (200,)
            assert answer.status_code in allowed, (method, one, answer.text)
            for hidden in _hidden(one):
                assert hidden not in answer.text, (method, one)
    # Nothing was deleted, decided or said meanwhile.
    for session in ("s", "orders:s"):
        kept = (await strangers.ask("GET", f"/sessions/{session}", strangers.keys["shop"])).json()
        said = [(message["role"], message["content"]) for message in kept["messages"]]
        assert said[0] == ("user", f"cancel order of {SAID}")
        assert {role for role, _ in said[1:]} <= {"assistant"}


def _hidden(one: Try) -> list[str]:
    named = f"{one.url}{one.json}"
    secrets = [SAID, WRITTEN] if one.caller == "rival" else [SAID, WRITTEN, "weather", "orders"]
    # A refusal may repeat what the caller said.
    return [secret for secret in secrets if secret not in named]
