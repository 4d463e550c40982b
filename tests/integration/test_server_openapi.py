"""The OpenAPI description: complete, with errors and examples as they are sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fakes.web_agents import Clerk, serving, web_agent
from jsonschema import Draft202012Validator

from mdsa.server import create_app

LANGSERVE = (
    *("invoke", "batch", "stream", "stream_events", "stream_log", "playground/{file}"),
    *("input_schema", "output_schema", "config_schema"),
)


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return create_app().openapi()


def _validator(described: dict[str, Any], schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": described["components"]})


def test_every_route_is_described(described: dict[str, Any]):
    assert {
        *("/chat", "/chat/stream", "/sessions", "/sessions/{session_id}", "/domains"),
        *("/sessions/{session_id}/resume", "/health", "/ready", "/metrics", "/stats"),
        *("/v1/models", "/v1/models/{model}", "/v1/chat/completions", "/v1/responses"),
        *(f"/langserve/{{graph}}/{call}" for call in LANGSERVE),
    } == set(described["paths"])
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            assert operation["description"], (method, path)
            assert operation["tags"], (method, path)


def test_errors_are_described_as_problems(described: dict[str, Any]):
    for path, operations in described["paths"].items():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                if not status.startswith("2") and path != "/ready":
                    assert list(answer["content"]) == ["application/problem+json"], (path, status)


def _resolved(described: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = described["components"]["schemas"][name] if name else schema
    return found


def test_every_request_and_every_answer_has_an_example(described: dict[str, Any]):
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            asked = operation.get("requestBody", {"content": {}})["content"]
            for media in asked.values():
                assert _resolved(described, media["schema"])["examples"], (method, path)
            for kind, media in operation["responses"].get("200", {}).get("content", {}).items():
                assert kind == "text/html" or media["example"], (method, path)


def test_examples_are_what_their_schemas_say(described: dict[str, Any]):
    checked = 0
    for operations in described["paths"].values():
        for operation in operations.values():
            for answer in operation["responses"].values():
                for media in answer.get("content", {}).values():
                    if "example" in media and "schema" in media:
                        _validator(described, media["schema"]).validate(media["example"])
                        checked += 1
    for schema in described["components"]["schemas"].values():
        for example in schema.get("examples", []):
            _validator(described, schema).validate(example)
            checked += 1
    assert checked >= 25


async def test_answers_are_what_their_schemas_say(described: dict[str, Any], tmp_path: Path):
    async with serving(web_agent(tmp_path, Clerk())) as (_, http):
        body = {"message": "cancel order", "session_id": "s"}
        chat = {"model": "mdsa", "messages": [{"role": "user", "content": "an order"}]}
        asked = [
            ("post", "/chat", "/chat", body),
            ("post", "/chat", "/chat", {}),
            ("get", "/sessions", "/sessions", None),
            ("get", "/sessions/{session_id}", "/sessions/s", None),
            ("get", "/sessions/{session_id}", "/sessions/t", None),
            ("post", "/sessions/{session_id}/resume", "/sessions/s/resume", {"decision": True}),
            ("get", "/domains", "/domains", None),
            ("get", "/ready", "/ready", None),
            ("get", "/stats", "/stats", None),
            ("get", "/v1/models/{model}", "/v1/models/mdsa/orders", None),
            ("post", "/v1/chat/completions", "/v1/chat/completions", chat),
            ("post", "/v1/responses", "/v1/responses", {"model": "mdsa", "input": "an order"}),
        ]
        for method, path, url, content in asked:
            answer = await http.request(method, url, json=content)
            declared = described["paths"][path][method]["responses"][str(answer.status_code)]
            kind = answer.headers["content-type"].partition(";")[0]
            schema = declared["content"][kind]["schema"]
            _validator(described, schema).validate(answer.json())


async def test_a_method_is_refused_with_all_that_the_path_takes(tmp_path: Path):
    async with serving(web_agent(tmp_path, Clerk())) as (_, http):
        refused = await http.options("/sessions/s")
        assert refused.status_code == 405
        assert refused.headers["allow"] == "GET, DELETE"
        assert (await http.get("/chat")).headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", {"stream": "yes"}),
        ("/langserve/mdsa/invoke", {"config": {"configurable": {"threshold": False}}}),
    ],
)
async def test_values_of_another_type_are_refused(tmp_path: Path, path: str, body: dict[str, Any]):
    asked = {
        "model": "mdsa",
        "messages": [{"role": "user", "content": "an order"}],
        "input": {"messages": ["an order"]},
    }
    async with serving(web_agent(tmp_path, Clerk())) as (_, http):
        assert (await http.post(path, json=asked)).status_code == 200
        assert (await http.post(path, json={**asked, **body})).status_code == 422


@pytest.mark.parametrize(
    "message",
    ["an order", ["user", "an order"], {"type": "human", "content": "an order"}],
)
async def test_every_form_of_a_message_is_described(
    described: dict[str, Any], tmp_path: Path, message: Any
):
    given = {"messages": [message]}
    schema = {"$ref": "#/components/schemas/GraphInput"}
    _validator(described, schema).validate(given)
    assert not _validator(described, schema).is_valid({"messages": [["ai", "an order"]]})
    async with serving(web_agent(tmp_path, Clerk())) as (_, http):
        answer = await http.post("/langserve/mdsa/invoke", json={"input": given})
        assert answer.json()["output"]["domain"] == "orders"
