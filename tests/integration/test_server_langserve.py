"""LangServe's routes: the graph and each domain's, by the clients and the errors of the server."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from fakes.browser import Chromium, Visit
from fakes.live_server import live_server
from fakes.web_agents import Clerk, serving, until, web_agent

from mdsa.core.orchestrator import TinyBERTOrchestrator
from mdsa.server.keys import KeyStore

GRAPH, ORDERS = "/langserve/mdsa", "/langserve/mdsa/orders"


def asking(text: str, **configurable: Any) -> dict[str, Any]:
    return {
        "input": {"messages": [{"role": "user", "content": text}]},
        "config": {"configurable": configurable},
    }


@pytest.fixture
def agent(tmp_path: Path) -> TinyBERTOrchestrator:
    return web_agent(tmp_path, Clerk())


@pytest.fixture
async def http(agent: TinyBERTOrchestrator) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(agent) as (_, opened):
        yield opened


async def answer(http: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answered = await http.post(f"{path}/invoke", json=body)
    assert answered.status_code == 200, answered.text
    output: dict[str, Any] = answered.json()["output"]
    return output


@pytest.mark.parametrize(("path", "kept"), [(GRAPH, "s"), (ORDERS, "orders:s")])
async def test_a_thread_goes_on_and_is_a_session_of_the_callers(
    http: httpx.AsyncClient, path: str, kept: str
):
    first = await answer(http, path, asking("an order", thread_id="s"))
    again = await answer(http, path, asking("the same order", thread_id=first["session_id"]))

    assert first["messages"][-1]["content"] == "answer to an order, after 0 others"
    assert again["messages"][-1]["content"] == "answer to the same order, after 1 others"
    assert again["session_id"] == kept
    assert (again["domain"], again["decision"]) == ("orders", "direct")
    kept_messages = (await http.get(f"/sessions/{kept}")).json()["messages"]
    assert [message["role"] for message in kept_messages] == ["user", "assistant"] * 2


async def test_a_domains_graph_answers_whatever_the_message_is(http: httpx.AsyncClient):
    output = await answer(http, "/langserve/mdsa/billing", asking("an order"))

    assert output["domain"] == "billing"
    assert output["response"].startswith("answer to an order")


async def test_the_runs_settings_reach_the_graph(http: httpx.AsyncClient):
    narrow = asking("an order", allowed_domains=["billing"], threshold=1.0)
    output = await answer(http, GRAPH, narrow)

    assert set(output["scores"]) == {"billing"}
    refused = await http.post(f"{ORDERS}/invoke", json=narrow)
    assert refused.status_code == 404


@pytest.mark.parametrize("path", [GRAPH, ORDERS])
@pytest.mark.parametrize(("decision", "said"), [(True, "gone 7"), ({"call-1": False}, "declined")])
async def test_a_tool_that_writes_waits_for_a_decision(
    http: httpx.AsyncClient, path: str, decision: Any, said: str
):
    waiting = await answer(http, path, asking("cancel order"))
    (interrupt,) = waiting["interrupts"]
    assert [call["name"] for call in interrupt["calls"]] == ["cancel"]

    thread = {"configurable": {"thread_id": waiting["session_id"]}}
    done = await answer(http, path, {"input": {"resume": decision}, "config": thread})
    assert said in done["messages"][-1]["content"]
    assert done["interrupts"] == []
    assert "orders/tools" in (await http.get("/stats")).json()["nodes"]
    again = await http.post(f"{path}/invoke", json={"input": {"resume": True}, "config": thread})
    assert (again.status_code, again.headers["content-type"]) == (422, "application/problem+json")


REFUSED = [
    ("/langserve/mdsa/nobody", asking("an order"), 404),
    ("/langserve/nobody", asking("an order"), 404),
    (GRAPH, {"input": {"messages": []}}, 422),
    (GRAPH, {"input": {"messages": ["a", "b"]}}, 422),
    (GRAPH, {"input": {"messages": [["system", "obey"]]}}, 422),
    (GRAPH, {"input": {"messages": ["a"], "resume": True}}, 422),
    (GRAPH, {"input": {"messages": ["a"], "route": {}}}, 422),
    (GRAPH, {"input": {"resume": True}}, 422),
    (GRAPH, asking("an order", thread_id=" "), 422),
    (GRAPH, asking("an order", session_id="s"), 422),
    (GRAPH, asking("an order", threshold=2), 422),
    (GRAPH, asking("an order", allowed_domains=["nobody"]), 404),
    (GRAPH, {"input": {"resume": True}, "config": {"configurable": {"thread_id": "t"}}}, 404),
    (ORDERS, {"input": {"resume": True}, "config": {"configurable": {"thread_id": "t"}}}, 404),
    (GRAPH, {"input": {"messages": [{"content": [{"type": []}]}]}}, 422),
    (GRAPH, {"input": {"messages": [{"content": [{"type": "image_url"}]}]}}, 422),
    (GRAPH, {"input": "an order"}, 422),
    (GRAPH, [], 422),
]


@pytest.mark.parametrize("call", ["invoke", "stream"])
async def test_what_cannot_be_used_is_a_problem(http: httpx.AsyncClient, call: str):
    for path, body, status in REFUSED:
        refused = await http.post(f"{path}/{call}", json=body)

        assert refused.status_code == status, (path, body, refused.text)
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.headers["x-content-type-options"] == "nosniff"


async def test_a_batch_has_a_thread_for_each_input_and_is_refused_whole(http: httpx.AsyncClient):
    inputs = [asking(f"order {number}")["input"] for number in range(3)]
    configs = [{"configurable": {"thread_id": f"b-{number}"}} for number in range(3)]
    done = await http.post(f"{GRAPH}/batch", json={"inputs": inputs, "config": configs})

    outputs = done.json()["output"]
    assert [output["session_id"] for output in outputs] == ["b-0", "b-1", "b-2"]
    assert [output["response"][:17] for output in outputs] == [
        f"answer to order {number}" for number in range(3)
    ]
    assert len(done.json()["metadata"]["run_ids"]) == 3
    for body, status in (
        ({"inputs": inputs, "config": configs[:2]}, 422),
        ({"inputs": [*inputs, {"messages": [""]}]}, 422),
        ({"inputs": [inputs[0]] * 101}, 422),
        ({"inputs": inputs, "config": [*configs[:2], {"configurable": {"thread_id": ""}}]}, 422),
    ):
        assert (await http.post(f"{GRAPH}/batch", json=body)).status_code == status


async def test_a_batch_counts_every_input(agent: TinyBERTOrchestrator):
    _, key = KeyStore(agent.settings.data_dir).create("shop", requests_per_minute=5)
    async with serving(agent) as (_, http):
        http.headers["Authorization"] = f"Bearer {key}"
        body = {"inputs": [asking("an order")["input"]] * 3}
        statuses = [(await http.post(f"{GRAPH}/batch", json=body)) for _ in range(2)]

    assert [one.status_code for one in statuses] == [200, 429]
    assert "retry-after" in statuses[1].headers


def events_of(text: str) -> list[tuple[str, Any]]:
    found = []
    for block in text.strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        found.append((lines["event"], json.loads(lines.get("data") or "null")))
    return found


async def test_a_stream_tells_the_turn_as_it_goes(http: httpx.AsyncClient):
    told = events_of((await http.post(f"{ORDERS}/stream", json=asking("an order"))).text)

    assert [name for name, _ in told] == ["metadata", *["data"] * (len(told) - 2), "end"]
    events = [data for name, data in told if name == "data"]
    assert {"type": "node", "node": "orders/retrieve"} in events
    tokens = "".join(event["text"] for event in events if event["type"] == "token")
    final = events[-1]["result"]
    assert tokens == final["response"] == final["messages"][-1]["content"]


async def test_events_tell_of_the_runs_inside(http: httpx.AsyncClient):
    body = {**asking("an order", thread_id="s"), "include_names": ["classify", "orders"]}
    told = events_of((await http.post(f"{GRAPH}/stream_events", json=body)).text)

    assert told[-1] == ("end", None)
    names = {(data["event"], data["name"]) for name, data in told if name == "data"}
    assert ("on_chain_start", "classify") in names
    assert ("on_chain_end", "orders") in names
    assert {name for _, name in names} <= {"classify", "orders"}


async def test_the_log_ends_with_the_result(http: httpx.AsyncClient):
    told = events_of((await http.post(f"{GRAPH}/stream_log", json=asking("an order"))).text)

    patches = [op for name, data in told if name == "data" for op in data["ops"]]
    (output,) = [op["value"] for op in patches if op["path"] == "/streamed_output/-"]
    assert output["messages"][-1]["content"] == "answer to an order, after 0 others"
    assert "/logs/classify" in {op["path"] for op in patches}


async def test_an_error_on_the_way_is_told_and_the_place_is_free_again(tmp_path: Path):
    clerk = Clerk()
    patient = {"first_token_timeout_s": 1000, "request_timeout_s": 2000}
    agent = web_agent(tmp_path, clerk, session_wait_s=0.1, **patient)
    async with serving(agent) as (app, http):
        held = asyncio.create_task(answer(http, GRAPH, asking("hold order", thread_id="s")))
        await clerk.holds()
        busy = asking("an order", thread_id="s")
        for call in ("stream_events", "stream_log"):
            name, data = events_of((await http.post(f"{GRAPH}/{call}", json=busy)).text)[-1]
            assert name == "error"
            assert data["status_code"] == data["problem"]["status"] == 409
        # Nothing was sent of this one, so that it has a status.
        assert (await http.post(f"{GRAPH}/stream", json=busy)).status_code == 409
        clerk.release()
        await held
        assert app.state.service.turns.idle


@pytest.mark.parametrize("call", ["batch", "stream", "stream_events", "stream_log"])
async def test_a_client_that_hangs_up_ends_its_turn(tmp_path: Path, call: str):
    clerk = Clerk()
    patient = web_agent(tmp_path, clerk, first_token_timeout_s=1000, request_timeout_s=2000)
    given = asking("hold order")
    body = {"inputs": [given["input"]]} if call == "batch" else given
    with live_server(patient) as url:
        async with httpx.AsyncClient(base_url=url, timeout=60) as client:
            task = asyncio.create_task(client.post(f"{GRAPH}/{call}", json=body))
            await clerk.holds()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await until(lambda: clerk.cancelled == 1)
            await until(lambda: _running(url) == 0)


def _running(url: str) -> float:
    text = httpx.get(f"{url}/metrics").text
    return float(text.split("\nmdsa_turns_running ")[1].split()[0])


async def test_too_many_turns_are_refused_before_the_stream_begins(tmp_path: Path):
    clerk = Clerk()
    agent = web_agent(tmp_path, clerk, first_token_timeout_s=1000, request_timeout_s=2000)
    async with serving(agent, max_running_turns=1, max_waiting_turns=0) as (_, http):
        held = asyncio.create_task(http.post(f"{GRAPH}/invoke", json=asking("hold order")))
        await clerk.holds()
        for call in ("invoke", "stream", "stream_events", "stream_log"):
            refused = await http.post(f"{GRAPH}/{call}", json=asking("an order"))
            assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
        clerk.release()
        assert (await held).status_code == 200


async def test_schemas_and_playground_are_the_graphs(http: httpx.AsyncClient):
    taken = (await http.get(f"{ORDERS}/input_schema")).json()
    given = (await http.get(f"{ORDERS}/output_schema")).json()
    config = (await http.get(f"{ORDERS}/config_schema")).json()

    assert set(taken["properties"]) == {"messages", "resume"}
    assert "interrupts" in json.dumps(given)
    settings = config["$defs"]["Configurable"]["properties"]
    assert all({"title", "description"} <= set(field) for field in settings.values())

    page = await http.get(f"{ORDERS}/playground/")
    assert "/langserve/mdsa/orders/playground/assets/" in page.text
    policy = page.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "'unsafe-inline'" not in policy.partition("style-src")[0]
    assert "unsafe-eval" not in policy
    script = await http.get(page.text.split('crossorigin src="')[1].split('"')[0])
    assert script.headers["content-type"].startswith("application/javascript")
    # What compiles validators is out of it; a LangServe that does so otherwise fails here.
    assert "this.scope.get())" not in script.text
    for odd in ("none", "%2e%2e/x", "assets", "%00", "a" * 5000):
        refused = await http.get(f"{ORDERS}/playground/{odd}")
        assert refused.status_code == 404
        assert refused.headers["content-type"] == "application/problem+json", odd
    assert (await http.get("/langserve/mdsa/nobody/playground/")).status_code == 404


async def test_they_can_be_left_out(agent: TinyBERTOrchestrator):
    async with serving(agent, langserve=False) as (_, http):
        assert (await http.post(f"{GRAPH}/invoke", json=asking("an order"))).status_code == 404


CLIENT = """
import sys
from langchain_core.runnables import RunnableLambda
from langserve import RemoteRunnable
url, key = sys.argv[1:]
headers = {"Authorization": f"Bearer {key}"}
graph = RemoteRunnable(f"{url}/langserve/mdsa", headers=headers)
orders = RemoteRunnable(f"{url}/langserve/mdsa/orders", headers=headers)
thread = {"configurable": {"thread_id": "s"}}
text = RunnableLambda(lambda output: output["messages"][-1].content)
print((graph | text).invoke({"messages": [("human", "an order")]}, thread))
print(text.invoke([*graph.stream({"messages": ["more order"]}, thread)][-1]["result"]))
print((orders | text).batch([{"messages": [{"role": "user", "content": "it"}]}] * 2))
waits = orders.invoke({"messages": [("human", "cancel order")]})
thread = {"configurable": {"thread_id": waits["session_id"]}}
events = [*orders.stream({"resume": True}, thread)]
print([event["content"] for event in events if event["type"] == "tool_result"])
print(text.invoke(events[-1]["result"]))
import asyncio
async def events():
    given = {"messages": [("human", "an order")]}
    return {e["name"] async for e in graph.astream_events(given, version="v2")}
print("classify" in asyncio.run(events()))
"""


def test_another_process_composes_the_graph(agent: TinyBERTOrchestrator):
    _, key = KeyStore(agent.settings.data_dir).create("shop")
    with live_server(agent) as url:
        done = subprocess.run(
            [sys.executable, "-c", CLIENT, url, key], capture_output=True, text=True, check=False
        )
        sessions = httpx.get(f"{url}/sessions", headers={"Authorization": f"Bearer {key}"}).json()

    assert done.stdout.splitlines() == [
        "answer to an order, after 0 others",
        "answer to more order, after 1 others",
        "['answer to it, after 0 others', 'answer to it, after 0 others']",
        "['gone 7']",
        "the tool says gone 7",
        "True",
    ], done.stderr
    assert {session["user_id"] for session in sessions} == {"shop"}
    assert "s" in {session["session_id"] for session in sessions}


async def test_foreign_threads_give_no_data(agent: TinyBERTOrchestrator):
    keys = KeyStore(agent.settings.data_dir)
    shop, rival = (keys.create(owner)[1] for owner in ("shop", "rival"))
    narrow = keys.create("clinic", domains=["billing"])[1]
    async with serving(agent) as (_, http):
        for path in (GRAPH, ORDERS):
            http.headers["Authorization"] = f"Bearer {shop}"
            await answer(http, path, asking("cancel order of gin", thread_id="s"))
            http.headers["Authorization"] = f"Bearer {rival}"
            for given in (
                asking("an order", thread_id="s"),
                asking("an order", thread_id="s", user_id="shop"),
                {**asking("", thread_id="s"), "input": {"resume": True}},
            ):
                for call in ("invoke", "stream", "stream_events", "stream_log"):
                    refused = await http.post(f"{path}/{call}", json=given)
                    assert refused.status_code in (403, 404), refused.text
                    assert "gin" not in refused.text
                batch = {"inputs": [given["input"]], "config": [given["config"]]}
                refused = await http.post(f"{path}/batch", json=batch)
                assert refused.status_code in (403, 404)
        http.headers["Authorization"] = f"Bearer {narrow}"
        assert (await http.post(f"{ORDERS}/invoke", json=asking("an order"))).status_code == 404
        seen = await answer(http, GRAPH, asking("an order"))
        assert "orders" not in json.dumps(seen)


def test_one_module_alone_imports_it():
    folder = Path(__file__).parents[2] / "mdsa"
    found = [
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.py")
        if "\nfrom langserve" in (text := path.read_text()) or "\nimport langserve" in text
    ]

    assert found == ["server/langserve/handlers.py"]


def test_the_playground_asks_in_a_browser(chromium: Chromium, agent: TinyBERTOrchestrator):
    with live_server(agent) as url:

        def ask(visit: Visit) -> str:
            page = visit.page
            page.goto(f"{url}{ORDERS}/playground/")
            messages = page.locator(".control, .group, div").filter(has_text="Messages").last
            messages.locator("xpath=ancestor-or-self::*[.//button][1]").locator("button").click()
            page.locator("textarea").nth(2).fill("an order")
            page.get_by_text("Start").click()
            page.get_by_text("after 0 others").first.wait_for()
            assert visit.complaints == []
            assert visit.hosts == {urlsplit(url).netloc}
            return page.locator("body").inner_text()

        assert "answer to an order, after 0 others" in chromium.run(ask)
