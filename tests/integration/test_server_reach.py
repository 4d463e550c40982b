"""Sessions of an owner's, asked for with a key that is for some domains."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fakes.web_agents import Clerk, serving, web_agent

from mdsa.core.request import WITHIN
from mdsa.errors import SessionAccessError
from mdsa.server.keys import KeyStore

SAID = "an order of gin"
CHAT: dict[str, Any] = {"model": "mdsa", "messages": [{"role": "user", "content": "an invoice"}]}


def asking(thread: str) -> dict[str, object]:
    """Of LangServe."""
    return {
        "input": {"messages": ["an invoice"]},
        "config": {"configurable": {"thread_id": thread}},
    }


class Owner:
    """The server, and one owner's two keys: for every domain, and for `billing`."""

    def __init__(self, http: httpx.AsyncClient, clerk: Clerk, keys: KeyStore) -> None:
        self.http = http
        self.clerk = clerk
        self.full, self.narrow = (
            {"Authorization": f"Bearer {keys.create('ann', domains=domains)[1]}"}
            for domains in (None, ["billing"])
        )

    async def say(self, message: str, session: str, key: dict[str, str]) -> httpx.Response:
        body = {"message": message, "session_id": session}
        return await self.http.post("/chat", json=body, headers=key)


@pytest.fixture
async def ann(tmp_path: Path) -> AsyncIterator[Owner]:
    clerk = Clerk()
    agent = web_agent(tmp_path, clerk)
    async with serving(agent) as (_, http):
        yield Owner(http, clerk, KeyStore(agent.settings.data_dir))


ROUTES = [
    ("POST", "/chat", {"message": "an invoice", "session_id": "x"}),
    ("POST", "/chat/stream", {"message": "an invoice", "session_id": "x"}),
    ("GET", "/sessions/x", None),
    ("DELETE", "/sessions/x", None),
    ("POST", "/sessions/x/resume", {}),
    ("POST", "/v1/chat/completions", {**CHAT, "session_id": "x"}),
    ("POST", "/v1/responses", {"model": "mdsa", "input": "an invoice", "conversation": "x"}),
    ("POST", "/langserve/mdsa/invoke", asking("x")),
    ("POST", "/langserve/mdsa/stream", asking("x")),
    ("POST", "/langserve/mdsa/stream_events", asking("x")),
    ("POST", "/langserve/mdsa/stream_log", asking("x")),
    ("POST", "/langserve/mdsa/invoke", asking("orders:x")),
]


async def test_what_other_domains_answered_is_not_told(ann: Owner) -> None:
    await ann.say(SAID, "x", ann.full)
    await ann.http.post(
        "/langserve/mdsa/orders/invoke",
        json={"input": {"messages": [SAID]}, "config": {"configurable": {"thread_id": "x"}}},
        headers=ann.full,
    )

    for method, path, body in ROUTES:
        refused = await ann.http.request(method, path, json=body, headers=ann.narrow)
        assert refused.status_code in (403, 404), (path, refused.text)
        assert "gin" not in refused.text, path
    kept = (await ann.http.get("/sessions/x", headers=ann.full)).json()
    assert kept["turns"] == 1


async def test_such_sessions_are_not_listed_and_the_keys_own_are(ann: Owner) -> None:
    await ann.say("an invoice", "own", ann.narrow)
    for name in ("x", "y"):
        await ann.say(SAID, name, ann.full)

    listed = (await ann.http.get("/sessions?limit=1", headers=ann.narrow)).json()

    assert [session["session_id"] for session in listed] == ["own"]
    assert (await ann.say("more invoice", "own", ann.narrow)).status_code == 200
    all_of_them = (await ann.http.get("/sessions", headers=ann.full)).json()
    assert len(all_of_them) == 3


async def test_an_answer_of_the_keys_domain_after_another_opens_nothing(ann: Owner) -> None:
    await ann.say(SAID, "x", ann.full)
    body = {"message": "an invoice", "session_id": "x", "domains": ["billing"]}
    last = await ann.http.post("/chat", json=body, headers=ann.full)
    assert last.json()["domain"] == "billing"

    assert (await ann.http.get("/sessions/x", headers=ann.narrow)).status_code == 404
    assert (await ann.http.get("/sessions", headers=ann.narrow)).json() == []


async def test_what_came_in_between_is_seen_too(tmp_path: Path) -> None:
    clerk = Clerk()
    with web_agent(tmp_path, clerk) as agent:
        running = asyncio.create_task(agent.aprocess_request(f"hold {SAID}", {"session_id": "x"}))
        await clerk.holds()
        # As the server asks once it has found nothing against it; this one waits for the other.
        context = {"session_id": "x", WITHIN: frozenset({"billing"})}
        waits = asyncio.create_task(agent.aprocess_request("an invoice", context))
        clerk.release()

        assert (await running)["domain"] == "orders"
        with pytest.raises(SessionAccessError):
            await waits


async def test_a_conversation_is_begun_anew_with_the_narrower_key(ann: Owner) -> None:
    first = {**CHAT, "messages": [{"role": "user", "content": SAID}]}
    answer = await ann.http.post("/v1/chat/completions", json=first, headers=ann.full)
    said = [*first["messages"], answer.json()["choices"][0]["message"]]
    more = {**CHAT, "messages": [*said, {"role": "user", "content": "an invoice"}]}

    narrow = await ann.http.post("/v1/chat/completions", json=more, headers=ann.narrow)
    full = await ann.http.post("/v1/chat/completions", json=more, headers=ann.full)

    sessions = [json.loads(one.text)["mdsa"]["session_id"] for one in (answer, narrow, full)]
    assert sessions[1] != sessions[0] == sessions[2]


async def test_a_conversation_is_found_again_after_the_stores_could_not_be_read(
    ann: Owner, tmp_path: Path
) -> None:
    answer = await ann.http.post("/v1/chat/completions", json=CHAT, headers=ann.full)
    said = [*CHAT["messages"], answer.json()["choices"][0]["message"], *CHAT["messages"]]
    more = {"model": "mdsa", "messages": said}
    with contextlib.closing(sqlite3.connect(tmp_path / "data" / "sessions.db")) as connection:
        connection.execute("ALTER TABLE mdsa_sessions RENAME TO elsewhere")
        failed = await ann.http.post("/v1/chat/completions", json=more, headers=ann.full)
        connection.execute("ALTER TABLE elsewhere RENAME TO mdsa_sessions")
    again = await ann.http.post("/v1/chat/completions", json=more, headers=ann.full)

    assert failed.status_code == 503
    assert again.json()["mdsa"]["session_id"] == answer.json()["mdsa"]["session_id"]
