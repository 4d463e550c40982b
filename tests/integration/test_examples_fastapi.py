"""examples/fastapi, as an HTTP client uses it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fakes.example_apps import ANSWER, QUESTION, SOURCE, serve


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, session_cache: Path) -> Iterator[str]:
    with serve("fastapi", tmp_path_factory.mktemp("fastapi"), "PORT") as address:
        yield address


@pytest.fixture
def http(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, timeout=60) as client:
        yield client


def test_an_answer_names_its_source(http: httpx.Client):
    result = http.post("/chat", json={"message": QUESTION}).raise_for_status().json()

    assert ANSWER in result["response"]
    assert [source["title"] for source in result["sources"]] == [SOURCE]
    assert (result["domain"], result["decision"]) == ("orders", "direct")
    assert http.get("/health").json() == {"status": "healthy"}
    assert http.get("/metrics").json()["domain_stats"]["orders"] >= 1


def test_tokens_make_up_the_answer(http: httpx.Client):
    with http.stream("POST", "/chat/stream", json={"message": QUESTION}) as answer:
        data = [line.removeprefix("data: ") for line in answer.iter_lines() if "data: " in line]
    events = [json.loads(line) for line in data]

    tokens = [event["text"] for event in events if event["type"] == "token"]
    assert len(tokens) > 3
    assert "".join(tokens) == events[-1]["result"]["response"]


def test_each_client_has_a_conversation_of_its_own(http: httpx.Client, url: str):
    asking = {"message": "Please cancel order ORD-1005."}
    waiting = http.post("/chat", json=asking).json()
    assert waiting["interrupts"]

    with httpx.Client(base_url=url, timeout=60) as stranger:
        claim = {"message": QUESTION, "session_id": waiting["session_id"], "user_id": "x"}
        other = stranger.post("/chat", json=claim).json()
        assert other["session_id"] != waiting["session_id"]
        refused = stranger.post("/chat/decision", json={"approve": True})
        assert refused.status_code == 422
        assert refused.headers["content-type"] == "application/problem+json"

    done = http.post("/chat/decision", json={"approve": True}).json()
    assert (done["session_id"], done["interrupts"]) == (waiting["session_id"], [])
    assert "ORD-1005 has been cancelled" in done["response"]
    assert http.delete("/chat").status_code == 204
    anew = http.post("/chat", json={"message": QUESTION}).json()
    assert anew["session_id"] != waiting["session_id"]


@pytest.mark.parametrize("path", ["/chat", "/chat/stream"])
def test_what_cannot_be_answered_is_told(http: httpx.Client, path: str):
    answer = http.post(path, json={"message": " "})

    assert "the message is empty" in answer.text
