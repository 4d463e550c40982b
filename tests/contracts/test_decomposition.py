"""What every way of splitting a message promises: by clauses, by prompt, or held to a schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fakes.chat_models import ScriptedChatModel
from fakes.node_runs import arun, run
from fakes.ollama_server import ServedModel, serve_ollama
from fakes.openai_server import serve_openai
from fakes.tiny_language_models import save_model
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage

from mdsa.graph.context import RunContext
from mdsa.models import ModelRegistry
from mdsa.nodes.decompose import make_decompose
from mdsa.nodes.split_request import held_to, split_prompt, split_schema
from mdsa.nodes.stated_facts import invented_facts
from mdsa.router.pronouns import points_back
from mdsa.settings import Settings

DESCRIPTIONS = {"orders": "Parcels", "returns": "Refunds", "payroll": "Salaries"}
MESSAGE = "where is order 10423 of Anna and how do I return it and is it free"
SAID = [MESSAGE, "my lamp is broken"]
GOOD = {
    "questions": [
        {"domain": "orders", "query": "Where is order 10423 of Anna?"},
        {"domain": "returns", "query": "How do I return it?"},
        {"domain": "returns", "query": "Is returning order 10423 free?"},
    ]
}
REPLIES = [
    json.dumps(GOOD),
    json.dumps(GOOD["questions"]),
    f"Here you are:\n```json\n{json.dumps(GOOD['questions'])}\n```",
    json.dumps({"questions": [{"domain": "payroll", "query": "What does Anna earn?"}]}),
    json.dumps({"questions": [{"domain": "orders", "query": "Where is order 99999?"}]}),
    json.dumps({"questions": [{"domain": "orders", "query": "Where is it?"}]}),
    json.dumps({"questions": GOOD["questions"] * 9}),
    "I cannot split this.",
]


def state() -> Any:
    return {
        "messages": [HumanMessage(MESSAGE)],
        "last_question": SAID[1],
        "last_domain": "orders",
        "sub_queries": [
            {"domain": "orders", "query": "where is order 10423 of Anna", "context": ""},
            {"domain": "returns", "query": "how do I return it and is it free", "context": ""},
        ],
        "route": {
            "decision": "decompose",
            "domains": ["orders", "returns"],
            "confidence": 0.5,
            "scores": {"orders": 0.5, "returns": 0.4},
            "used_reasoning": False,
            "degraded": False,
        },
    }


@contextmanager
def clauses(_: str) -> Iterator[None]:
    yield None


@contextmanager
def prompted(reply: str) -> Iterator[BaseChatModel]:
    yield ScriptedChatModel(replies=[reply])


@contextmanager
def on_ollama(reply: str) -> Iterator[BaseChatModel]:
    served = ServedModel("phi:latest", ScriptedChatModel(replies=[reply]))
    with serve_ollama([served]) as server:
        yield ModelRegistry(Settings(ollama_base_url=server.url)).get("ollama://phi")


@contextmanager
def on_openai_server(reply: str) -> Iterator[BaseChatModel]:
    with serve_openai({"phi": ScriptedChatModel(replies=[reply])}) as server:
        yield ModelRegistry(Settings()).get(server.reference)


@pytest.mark.parametrize("reply", REPLIES, ids=range(len(REPLIES)))
@pytest.mark.parametrize("splitter", [clauses, prompted, on_ollama, on_openai_server])
async def test_a_split_keeps_its_promises(splitter: Any, reply: str) -> None:
    with splitter(reply) as model:
        node = make_decompose(DESCRIPTIONS, None if model is None else lambda: model)

        for update in (run(node, state()), await arun(node, state())):
            check(update, configured=model is not None)


def check(update: dict[str, Any], *, configured: bool) -> None:
    queries, route = update["sub_queries"], update["route"]
    assert 1 <= len(queries) <= RunContext().max_domains
    assert {query["domain"] for query in queries} <= {"orders", "returns"}
    assert route["domains"] == list(dict.fromkeys(query["domain"] for query in queries))
    assert route["confidence"] in (0.4, 0.5)
    for query in queries:
        assert query["query"].strip()
        assert invented_facts(query["query"], SAID) == []
        assert query["context"] or not points_back(query["query"])
    if configured:
        assert route["used_reasoning"] != route["degraded"]
    else:
        assert not route["used_reasoning"]
        assert not route["degraded"]


@pytest.mark.parametrize("splitter", [prompted, on_ollama, on_openai_server])
def test_a_good_split_is_used(splitter: Any) -> None:
    with splitter(json.dumps(GOOD)) as model:
        update = run(make_decompose(DESCRIPTIONS, lambda: model), state())

    assert update["route"]["used_reasoning"]
    assert update["sub_queries"][1] == {
        "domain": "returns",
        "query": "How do I return it?",
        "context": "Where is order 10423 of Anna?",
    }


@pytest.mark.parametrize("splitter", [prompted, on_openai_server])
def test_a_number_that_nobody_said_makes_the_split_worthless(splitter: Any) -> None:
    with splitter(REPLIES[4]) as model:
        update = run(make_decompose(DESCRIPTIONS, lambda: model), state())

    assert update["route"]["degraded"]
    assert update["sub_queries"][0]["query"] == "where is order 10423 of Anna"


def test_servers_are_told_the_domains_and_the_limit() -> None:
    context = RunContext(max_domains=2)
    served = ServedModel("phi:latest", ScriptedChatModel(replies=[REPLIES[0]]))
    with serve_ollama([served]) as server:
        model = ModelRegistry(Settings(ollama_base_url=server.url)).get("ollama://phi")
        run(make_decompose(DESCRIPTIONS, lambda: model), state(), context)

    held = server.bodies("/api/chat")[0]["format"]["properties"]["questions"]
    assert held["maxItems"] == 2
    assert held["items"]["properties"]["domain"]["enum"] == ["orders", "returns"]


def test_a_local_phi_can_write_nothing_else(tmp_path: Path) -> None:
    model = ModelRegistry(Settings(device="cpu")).get(
        f"hf://{save_model(tmp_path, 'phi', length=1024)}", temperature=0, max_tokens=80
    )
    domains = {name: DESCRIPTIONS[name] for name in ("orders", "returns")}

    reply = held_to(model, split_schema(domains, 2)).invoke(split_prompt(MESSAGE, domains, 2))
    update = run(make_decompose(DESCRIPTIONS, lambda: model), state())

    begun = "".join(str(reply.text).split())
    assert begun.startswith('{"questions":[{"domain":"')
    assert begun.split('"')[5] in domains
    check(update, configured=True)
