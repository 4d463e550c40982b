"""The demo under `langgraph dev`, offline, as LangGraph Studio and chat clients see it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.pregel.remote import RemoteGraph
from langgraph_sdk import get_sync_client
from langgraph_sdk.client import SyncLangGraphClient

ROOT = Path(__file__).parents[2]
DOMAINS = ("customer_support", "order_tracking", "technical_support", "unmatched")
START_LIMIT_S = 120
NOWHERE = "http://127.0.0.1:9"
QUIET = {
    "LANGGRAPH_CLI_NO_ANALYTICS": "1",
    "LANGGRAPH_NO_VERSION_CHECK": "true",
    "LANGSMITH_TRACING": "false",
    # Whatever would leave the machine fails.
    "HTTP_PROXY": NOWHERE,
    "HTTPS_PROXY": NOWHERE,
    "NO_PROXY": "127.0.0.1,localhost",
}


@dataclass(frozen=True)
class Server:
    """A running `langgraph dev`."""

    url: str
    log: Path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, session_cache: Path) -> Iterator[Server]:
    # The server writes `.langgraph_api` to its working directory, which the source tree is not.
    folder = tmp_path_factory.mktemp("langgraph_dev")
    port = free_port()
    command = [
        str(Path(sys.executable).with_name("langgraph")),
        *("dev", "--no-browser", "--no-reload", "--port", str(port)),
        *("--config", str(ROOT / "langgraph.json")),
    ]
    environment = {**os.environ, **QUIET, "MDSA_DATA_DIR": str(folder / "data")}
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until_it_answers(process, url, log)
            yield Server(url, log)
        finally:
            stop(process)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def wait_until_it_answers(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(httpx.TransportError):
            if httpx.get(f"{url}/ok", trust_env=False).is_success:
                return
        time.sleep(0.2)
    pytest.fail(f"langgraph dev does not answer:\n{log.read_text(errors='replace')[-4000:]}")


def stop(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture
def client(server: Server) -> Iterator[SyncLangGraphClient]:
    with get_sync_client(url=server.url, api_key=None) as opened:
        yield opened


@pytest.fixture
def assistant(client: SyncLangGraphClient) -> str:
    (found,) = client.assistants.search(graph_id="mdsa")
    return str(found["assistant_id"])


@pytest.fixture
def thread(client: SyncLangGraphClient) -> str:
    return str(client.threads.create()["thread_id"])


def message(text: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}]}


def test_the_drawing_shows_the_inside_of_every_domain(
    client: SyncLangGraphClient, assistant: str
) -> None:
    drawn = client.assistants.get_graph(assistant, xray=True)

    nodes = {node["id"] for node in drawn["nodes"]}
    for domain in DOMAINS:
        assert {f"{domain}:{node}" for node in ("retrieve", "generate", "answer")} <= nodes
    assert {"order_tracking:tools", "order_tracking:approve"} <= nodes
    assert {"classify", "gate", "decompose", "clarify", "merge"} <= nodes


def test_the_context_is_served_as_a_form(client: SyncLangGraphClient, assistant: str) -> None:
    schema = client.assistants.get_schemas(assistant)["context_schema"]

    assert schema is not None
    fields = schema["properties"]
    assert {"threshold", "allowed_domains", "max_domains", "facts"} <= set(fields)
    for name, field in fields.items():
        assert field["title"], name
        assert field["description"], name
        assert field.get("type") or field.get("anyOf"), name
        assert "default" in field or field["type"] == "object", name
    threshold = fields["threshold"]
    limits = [threshold[key] for key in ("type", "minimum", "maximum", "default")]
    assert limits == ["number", 0, 1, 0.7]
    # The node beside which Studio shows the field.
    assert threshold["langgraph_nodes"] == ["gate"]


def test_a_question_is_answered_from_the_demos_documents(
    client: SyncLangGraphClient, thread: str
) -> None:
    state: Any = client.runs.wait(
        thread, "mdsa", input=message("How much does express shipping cost?")
    )

    assert state["route"]["domains"] == ["order_tracking"]
    assert "$14.95" in state["messages"][-1]["content"]
    (answer,) = state["answers"]
    assert any("shipping_methods_us" in source["source"] for source in answer["sources"])


def test_the_context_of_a_run_is_kept(client: SyncLangGraphClient, thread: str) -> None:
    state: Any = client.runs.wait(
        thread,
        "mdsa",
        input=message("How much does express shipping cost?"),
        context={"allowed_domains": ["technical_support"]},
    )

    assert state["route"]["decision"] == "unmatched"
    assert set(state["route"]["scores"]) == {"technical_support"}


def test_tokens_and_updates_come_from_inside_a_domain(
    client: SyncLangGraphClient, thread: str
) -> None:
    parts = list(
        client.runs.stream(
            thread,
            "mdsa",
            input=message("How much does express shipping cost?"),
            stream_mode=["messages-tuple", "updates"],
            stream_subgraphs=True,
        )
    )

    inside = [part for part in parts if "|order_tracking:" in part.event]
    tokens = [part.data[0]["content"] for part in inside if part.event.startswith("messages|")]
    done = [name for part in inside if part.event.startswith("updates|") for name in part.data]
    assert len(tokens) > 3
    assert "$14.95" in "".join(tokens)
    assert done == ["retrieve", "generate", "answer"]


def test_a_tool_that_writes_waits_for_approval_and_runs_once(
    client: SyncLangGraphClient, thread: str
) -> None:
    question = "Please cancel order ORD-1005, I ordered it by mistake."

    waiting: Any = client.runs.wait(thread, "mdsa", input=message(question))
    (interrupt,) = waiting["__interrupt__"]
    assert interrupt["value"]["type"] == "tool_approval"
    assert [call["name"] for call in interrupt["value"]["calls"]] == ["cancel_order"]

    state: Any = client.runs.wait(thread, "mdsa", command={"resume": True})
    (call,) = state["answers"][0]["tool_calls"]
    assert (call["name"], call["status"]) == ("cancel_order", "success")
    assert "cancelled" in state["messages"][-1]["content"]


def test_a_declined_tool_does_not_run_and_the_thread_tells_how_it_stands(
    client: SyncLangGraphClient, thread: str
) -> None:
    question = "Please cancel order ORD-1005, I ordered it by mistake."
    list(client.runs.stream(thread, "mdsa", input=message(question), stream_mode="updates"))
    assert client.threads.get(thread)["status"] == "interrupted"
    assert client.threads.get_state(thread)["next"] == ["order_tracking"]

    parts = list(
        client.runs.stream(thread, "mdsa", command={"resume": False}, stream_mode="values")
    )
    (call,) = parts[-1].data["answers"][0]["tool_calls"]
    assert call["status"] == "error"
    assert client.threads.get(thread)["status"] == "idle"


def test_a_thread_keeps_its_runs_and_goes_with_them(client: SyncLangGraphClient) -> None:
    made = client.threads.create(metadata={"user": "ann"})["thread_id"]
    run = client.runs.create(made, "mdsa", input=message("How much does express shipping cost?"))
    state: Any = client.runs.join(made, run["run_id"])
    again: Any = client.runs.wait(made, "mdsa", input=message("And to Texas?"))

    assert len(state["messages"]) == 2
    assert len(again["messages"]) == 4
    assert {one["status"] for one in client.runs.list(made)} == {"success"}
    found = client.threads.search(metadata={"user": "ann"})
    assert [one["thread_id"] for one in found] == [made]
    client.threads.delete(made)
    assert client.threads.search(metadata={"user": "ann"}) == []


def test_time_travel_forks_a_thread_from_any_checkpoint(
    client: SyncLangGraphClient, thread: str
) -> None:
    first: Any = client.runs.wait(
        thread, "mdsa", input=message("How much does express shipping cost?")
    )
    asked, answered = first["messages"]
    client.runs.wait(thread, "mdsa", input=message("And how long does it take?"))
    history = client.threads.get_history(thread, limit=50)
    before = [state for state in history if state["next"] == ["classify"]][-1]
    assert [one["id"] for one in before["values"]["messages"]] == [asked["id"]]

    changed = {"id": asked["id"], "role": "user", "content": "How long does a refund take?"}
    fork = client.threads.update_state(
        thread, {"messages": [changed]}, checkpoint=before["checkpoint"], as_node="__start__"
    )
    other: Any = client.runs.wait(thread, "mdsa", checkpoint=fork["checkpoint"])

    assert [one["content"] for one in other["messages"]][:1] == [changed["content"]]
    assert other["route"]["domains"] == ["customer_support"]
    # What was said before is another branch of the same thread, and stays.
    kept = client.threads.get_history(thread, limit=100)
    assert len(kept) > len(history)
    said = {one["id"] for state in kept for one in state["values"].get("messages", [])}
    assert {answered["id"], other["messages"][-1]["id"]} <= said


def test_a_run_is_replayed_from_a_checkpoint(client: SyncLangGraphClient, thread: str) -> None:
    first: Any = client.runs.wait(
        thread, "mdsa", input=message("How much does express shipping cost?")
    )
    history = client.threads.get_history(thread, limit=50)
    routed = next(state for state in history if state["next"] == ["gate"])

    again: Any = client.runs.wait(thread, "mdsa", checkpoint=routed["checkpoint"])
    assert again["messages"][-1]["content"] == first["messages"][-1]["content"]


def test_another_graph_takes_it_in(client: SyncLangGraphClient) -> None:
    desk = RemoteGraph("mdsa", sync_client=client, name="desk")
    builder = StateGraph(MessagesState)
    builder.add_node("desk", desk)
    builder.add_node("sign", lambda _: {"messages": [AIMessage("Yours, the shop")]})
    builder.add_edge(START, "desk")
    builder.add_edge("desk", "sign")
    builder.add_edge("sign", END)
    outer = builder.compile(name="outer")
    asked: Any = {"messages": [HumanMessage("How much does express shipping cost?")]}

    state = outer.invoke(asked)
    inside = [namespace for namespace, _ in outer.stream(asked, subgraphs=True) if namespace]

    assert "$14.95" in state["messages"][-2].content
    assert state["messages"][-1].content == "Yours, the shop"
    assert any(part.startswith("desk") for namespace in inside for part in namespace)
    assert "order_tracking" in desk.get_graph().nodes


def test_the_server_neither_blocks_nor_fails(
    client: SyncLangGraphClient, server: Server, thread: str
) -> None:
    client.runs.wait(thread, "mdsa", input=message("Where is my order ORD-1002?"))

    log = server.log.read_text(errors="replace")
    assert "Background run succeeded" in log
    for trouble in ("BlockingError", "Traceback", "Background run failed"):
        assert trouble not in log
