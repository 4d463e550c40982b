"""Who is let in, what they see, how much they may send."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fakes.web_agents import Clerk, serving, web_agent

from mdsa.core.orchestrator import TinyBERTOrchestrator
from mdsa.server.keys import KeyStore


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


class Callers:
    """Keys of three owners; `clinic` may use one domain."""

    def __init__(self, keys: KeyStore) -> None:
        self.keys = keys
        self.shop = bearer(keys.create("shop")[1])
        self.rival = bearer(keys.create("rival")[1])
        self.clinic = bearer(keys.create("clinic", domains=["billing"])[1])


@pytest.fixture
def agent(tmp_path: Path) -> TinyBERTOrchestrator:
    return web_agent(tmp_path, Clerk())


@pytest.fixture
def callers(agent: TinyBERTOrchestrator) -> Callers:
    return Callers(KeyStore(agent.settings.data_dir))


@pytest.fixture
async def http(agent: TinyBERTOrchestrator, callers: Callers) -> AsyncIterator[httpx.AsyncClient]:
    # From another machine, by a name of the server's.
    async with serving(agent, client=("203.0.113.9", 7)) as (_, http):
        http.base_url = httpx.URL("http://agent.example")
        yield http


CLOSED = [
    ("POST", "/chat"),
    ("POST", "/chat/stream"),
    ("GET", "/sessions"),
    ("GET", "/sessions/s"),
    ("DELETE", "/sessions/s"),
    ("POST", "/sessions/s/resume"),
    ("GET", "/domains"),
    ("GET", "/metrics"),
    ("GET", "/stats"),
]


@pytest.mark.parametrize(("method", "path"), CLOSED)
@pytest.mark.parametrize("shown", [None, "mdsa_000000000000_" + "x" * 43, "nonsense", "sk-é"])
async def test_nothing_is_told_without_a_valid_key(
    http: httpx.AsyncClient, method: str, path: str, shown: str | None
):
    headers = {} if shown is None else {"Authorization": f"Bearer {shown}".encode()}
    answer = await http.request(method, path, headers=headers, json={"message": "an order"})

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json().keys() == {
        *("type", "title", "status", "detail", "instance", "request_id")
    }


async def test_the_probes_need_no_key_and_tell_no_details(http: httpx.AsyncClient):
    assert (await http.get("/health")).status_code == 200
    checks = (await http.get("/ready")).json()["checks"]

    assert all(part.keys() == {"kind", "name", "ok"} for part in checks)


async def test_a_session_is_its_owners_alone(http: httpx.AsyncClient, callers: Callers):
    await http.post("/chat", json={"message": "an order", "session_id": "s"}, headers=callers.shop)

    for method, path in (
        ("GET", "/sessions/s"),
        ("DELETE", "/sessions/s"),
        ("POST", "/sessions/s/resume"),
        ("GET", "/sessions/s?user_id=shop"),
    ):
        foreign = await http.request(method, path, headers=callers.rival, json={"decision": True})
        nowhere = path.replace("/s", "/t").replace("/tessions", "/sessions")
        unknown = await http.request(
            method, nowhere, headers=callers.rival, json={"decision": True}
        )
        assert (foreign.status_code, unknown.status_code) == (404, 404)
        assert foreign.json()["type"] == unknown.json()["type"]
        assert "an order" not in foreign.text
    for path in ("/chat", "/chat/stream"):
        body = {"message": "an order", "session_id": "s", "user_id": "shop"}
        assert (await http.post(path, json=body, headers=callers.rival)).status_code == 403
    assert (await http.get("/sessions", headers=callers.rival)).json() == []
    mine = (await http.get("/sessions", headers=callers.shop)).json()
    assert [(info["session_id"], info["user_id"]) for info in mine] == [("s", "shop")]
    assert (await http.get("/sessions/s", headers=callers.shop)).status_code == 200


async def test_users_of_one_owner_do_not_see_each_other(http: httpx.AsyncClient, callers: Callers):
    body = {"message": "an order", "session_id": "s", "context": {"user_id": "ann"}}
    assert (await http.post("/chat", json=body, headers=callers.shop)).status_code == 200

    assert (await http.get("/sessions/s?user_id=ann", headers=callers.shop)).status_code == 200
    for query in ("", "?user_id=bob"):
        assert (await http.get(f"/sessions/s{query}", headers=callers.shop)).status_code == 404
    # What an owner calls its users cannot reach into another owner's.
    assert (await http.get("/sessions?user_id=../shop/ann", headers=callers.rival)).json() == []


async def test_sessions_of_nobody_are_not_for_everyone(
    http: httpx.AsyncClient, callers: Callers, agent: TinyBERTOrchestrator
):
    await agent.aprocess_request("an order of mine", {"session_id": "cli"})

    assert (await http.get("/sessions/cli", headers=callers.shop)).status_code == 404
    assert (await http.delete("/sessions/cli", headers=callers.shop)).status_code == 404
    body = {"message": "an order", "session_id": "cli"}
    assert (await http.post("/chat", json=body, headers=callers.shop)).status_code == 403
    hidden = {"message": "an order", "context": {"session_id": "cli"}}
    assert (await http.post("/chat", json=hidden, headers=callers.shop)).status_code == 403


async def test_a_key_for_some_domains_sees_no_other(http: httpx.AsyncClient, callers: Callers):
    listed = (await http.get("/domains", headers=callers.clinic)).json()
    assert [domain["name"] for domain in listed] == ["billing"]

    for path in ("/metrics", "/stats"):
        assert (await http.get(path, headers=callers.clinic)).status_code == 403
    for body in (
        {"message": "an order", "domains": ["orders"]},
        {"message": "an order", "context": {"allowed_domains": ["billing", "orders"]}},
        {"message": "an order", "domains": ["nobody"]},
    ):
        refused = await http.post("/chat", json=body, headers=callers.clinic)
        assert refused.status_code == 404
        assert "Registered: billing." in refused.json()["detail"]
    answer = await http.post("/chat", json={"message": "an order"}, headers=callers.clinic)
    assert answer.status_code == 200
    assert "orders" not in answer.text
    stream = await http.post("/chat/stream", json={"message": "an order"}, headers=callers.clinic)
    assert "orders" not in stream.text


async def test_a_turn_that_asks_a_domain_out_of_reach_cannot_be_resumed(
    http: httpx.AsyncClient, callers: Callers
):
    # The owner's other key began it.
    narrow = bearer(callers.keys.create("shop", domains=["billing"])[1])
    body = {"message": "cancel order", "session_id": "s"}
    asked = await http.post("/chat", json=body, headers=callers.shop)
    assert asked.json()["interrupts"]

    refused = await http.post("/sessions/s/resume", json={"decision": True}, headers=narrow)
    assert refused.status_code == 404
    wider = {"decision": True, "context": {"allowed_domains": ["orders"]}}
    assert (await http.post("/sessions/s/resume", json=wider, headers=narrow)).status_code == 404
    done = await http.post("/sessions/s/resume", json={"decision": True}, headers=callers.shop)
    assert "gone 7" in done.json()["response"]


async def test_a_revoked_key_is_refused_at_once_and_the_last_one_opens_nothing(
    http: httpx.AsyncClient, callers: Callers
):
    assert (await http.get("/domains", headers=callers.shop)).status_code == 200
    for key in callers.keys.list():
        callers.keys.revoke(key.id)

    assert (await http.get("/domains", headers=callers.shop)).status_code == 401
    callers.keys.path.unlink()
    assert (await http.get("/domains")).status_code == 401


async def test_a_key_has_its_rate(http: httpx.AsyncClient, callers: Callers):
    slow = bearer(callers.keys.create("slow", requests_per_minute=2)[1])
    statuses = [(await http.get("/domains", headers=slow)).status_code for _ in range(2)]
    refused = await http.get("/domains", headers=slow)

    assert statuses == [200, 200]
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 30
    assert (await http.get("/domains", headers=callers.shop)).status_code == 200


async def test_a_server_without_keys_answers_its_machine_only(agent: TinyBERTOrchestrator):
    async with serving(agent, client=("203.0.113.9", 7)) as (_, http):
        assert (await http.get("/domains")).status_code == 403
    async with serving(agent, client=("::1", 7)) as (_, http):
        assert (await http.get("/domains")).status_code == 200
        rebound = await http.get("/domains", headers={"Host": "evil.example:8000"})
        assert rebound.status_code == 403
        assert (await http.get("/domains", headers={"Host": "[::1]:8000"})).status_code == 200


async def test_the_first_key_locks_a_running_server(agent: TinyBERTOrchestrator):
    async with serving(agent) as (_, http):
        assert (await http.get("/domains")).status_code == 200
        KeyStore(agent.settings.data_dir).create("shop")
        assert (await http.get("/domains")).status_code == 401


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_that_is_too_long_is_refused(agent: TinyBERTOrchestrator, declared: bool):
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 100

    async with serving(agent, max_body_bytes=1000) as (_, http):
        content = b"x" * 2000 if declared else parts()
        answer = await http.post("/chat", content=content)
        assert answer.status_code == 413
        assert answer.json()["title"] == "The request is too large"


async def test_other_origins_are_let_in_only_if_they_are_named(agent: TinyBERTOrchestrator):
    preflight = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    async with serving(agent) as (_, http):
        closed = await http.options("/chat", headers=preflight)
        assert "access-control-allow-origin" not in closed.headers
    async with serving(agent, cors_origins=["https://app.example"]) as (_, http):
        opened = await http.options("/chat", headers=preflight)
        assert opened.headers["access-control-allow-origin"] == "https://app.example"
        other = await http.options("/chat", headers={**preflight, "Origin": "https://b.example"})
        assert "access-control-allow-origin" not in other.headers


async def test_the_audit_log_tells_who_and_what_but_no_contents(
    http: httpx.AsyncClient, callers: Callers, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.INFO, "mdsa.audit"):
        await http.post("/chat", json={"message": "an order of gin"}, headers=callers.shop)

    (line,) = [record for record in caplog.records if record.name == "mdsa.audit"]
    assert line.getMessage() == "POST /chat 200"
    told = vars(line)
    assert (told["owner"], told["client"]) == ("shop", "203.0.113.9")
    assert told["key_id"] in {key.id for key in callers.keys.list()}
    assert "gin" not in str(told)
    assert callers.shop["Authorization"].removeprefix("Bearer ") not in str(told)
