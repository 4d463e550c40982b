"""decompose: what a reasoning model may change, and what happens where it cannot."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fakes.chat_models import ScriptedChatModel
from fakes.node_runs import arun, run
from fakes.routing import WordRouter
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage

from mdsa.errors import ModelError
from mdsa.graph.context import RunContext
from mdsa.nodes.decompose import make_decompose

DESCRIPTIONS = {"orders": "Parcels {and} more", "returns": "Refunds", "payroll": "Salaries"}
CLAUSES = [
    {"domain": "orders", "query": "where is it", "context": ""},
    {"domain": "returns", "query": "how do refunds work", "context": ""},
]


def state() -> Any:
    return {
        "messages": [HumanMessage("where is it and how do refunds work")],
        "sub_queries": CLAUSES,
        "route": {
            "decision": "decompose",
            "domains": ["orders", "returns"],
            "confidence": 0.75,
            "scores": {"orders": 0.5, "returns": 0.4},
            "used_reasoning": False,
            "degraded": False,
        },
    }


def split_by(
    reply: Any, context: RunContext | None = None
) -> tuple[dict[str, Any], ScriptedChatModel]:
    model = ScriptedChatModel(replies=[reply])
    node = make_decompose(DESCRIPTIONS, lambda: model)
    return run(node, state(), context), model


def split(*questions: tuple[str, str]) -> str:
    return json.dumps([{"domain": domain, "query": query} for domain, query in questions])


@pytest.mark.parametrize(("cuts_only", "domains"), [(True, ["returns"]), (False, ["orders"])])
def test_the_router_names_the_domains_of_a_model_that_only_cuts(
    cuts_only: bool, domains: list[str]
) -> None:
    cut = split(("orders", "how do refunds work"), ("orders", "refunds by cheque"))
    reply = AIMessage(cut, response_metadata={"cuts_only": cuts_only})
    router = WordRouter({"orders": ["where"], "returns": ["refund"], "payroll": ["refunds"]})
    node = make_decompose(DESCRIPTIONS, lambda: ScriptedChatModel(replies=[reply]), router=router)
    asked = {**state(), "sub_queries": CLAUSES[1:]}

    queries = run(node, asked)["sub_queries"]

    assert sorted({query["domain"] for query in queries}) == domains
    assert " ".join(query["query"] for query in queries) == "how do refunds work refunds by cheque"


def test_a_model_that_only_cuts_does_not_cut_coarser_than_the_clauses() -> None:
    whole = split(("orders", "where is it and how do refunds work"))
    reply = AIMessage(whole, response_metadata={"cuts_only": True})
    router = WordRouter({"orders": ["where"], "returns": ["refund"], "payroll": ["salary"]})
    node = make_decompose(DESCRIPTIONS, lambda: ScriptedChatModel(replies=[reply]), router=router)

    update = run(node, state())

    assert update["sub_queries"] == CLAUSES
    assert not update["route"]["degraded"]


def test_without_a_model_the_split_by_clauses_stands() -> None:
    update = run(make_decompose(DESCRIPTIONS, None), state())

    assert update["sub_queries"] == CLAUSES
    assert not update["route"]["used_reasoning"]
    assert not update["route"]["degraded"]
    assert update["route"]["confidence"] == 0.75


def test_the_model_is_told_of_permitted_domains_alone() -> None:
    _, model = split_by(split(("orders", "q")), RunContext(max_domains=2))

    instructions, message = model.prompts[0]
    assert "- orders: Parcels {and} more\n- returns: Refunds" in instructions.text
    assert "payroll" not in instructions.text
    assert "at most 2" in instructions.text
    assert message.text == "where is it and how do refunds work"


def test_the_models_questions_replace_the_clauses() -> None:
    reply = f"Sure:\n```json\n{split(('returns', ' how do refunds work '), ('orders', 'b'))}\n```"

    update, _ = split_by(reply)

    assert update["sub_queries"] == [
        {"domain": "returns", "query": "how do refunds work", "context": ""},
        {"domain": "orders", "query": "b", "context": ""},
    ]
    assert update["route"]["domains"] == ["returns", "orders"]
    assert update["route"]["confidence"] == 0.4
    assert not update["route"]["degraded"]


def test_only_offered_domains_are_accepted() -> None:
    update, _ = split_by(split(("payroll", "a"), ("merge", "b"), ("returns", "c")))

    assert [query["domain"] for query in update["sub_queries"]] == ["returns"]


def test_no_more_questions_than_the_run_allows() -> None:
    update, _ = split_by(split(*[("orders", letter) for letter in "abcdefghi"]))

    assert [query["query"] for query in update["sub_queries"]] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "reply",
    [
        "I cannot do that",
        "[]",
        "[1, 2]",
        '[{"domain": "orders"}]',
        '[{"domain": "orders", "query": "  "}]',
        '[{"domain": "orders", "query": ',
        '[{"domain": "orders", "query": ["a"]}] and []',
        split(("payroll", "what does Bob earn")),
        "",
        "[" * 5000 + "]" * 5000,
    ],
)
def test_a_reply_that_cannot_be_used_keeps_the_clauses(reply: str) -> None:
    update, _ = split_by(reply)

    assert update["sub_queries"] == CLAUSES
    assert update["route"]["domains"] == ["orders", "returns"]
    assert update["route"]["degraded"]


class OutOfMemoryError(RuntimeError):
    """As torch's, which is a RuntimeError of this name."""


FAILURES = [
    OutOfMemoryError("CUDA out of memory"),
    ModelError("no weights"),
    ConnectionError("refused"),
    TimeoutError("slow"),
    httpx.ReadTimeout("slow"),
]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
async def test_a_model_that_fails_keeps_the_clauses(failure: Exception) -> None:
    node = make_decompose(DESCRIPTIONS, lambda: ScriptedChatModel(replies=[failure]))

    for update in (run(node, state()), await arun(node, state())):
        assert update["sub_queries"] == CLAUSES
        assert update["route"]["degraded"]
        assert len(update["route"]["failures"]) == 1


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
async def test_a_model_that_cannot_be_loaded_keeps_the_clauses(failure: Exception) -> None:
    node = make_decompose(DESCRIPTIONS, failing(failure))

    for update in (run(node, state()), await arun(node, state())):
        assert update["route"]["degraded"]


async def test_a_model_that_takes_too_long_keeps_the_clauses() -> None:
    async def never(_: object) -> str:
        return await asyncio.Future()

    node = make_decompose(DESCRIPTIONS, lambda: ScriptedChatModel(replies=[never]), timeout_s=0.01)

    update = await arun(node, state())

    assert update["sub_queries"] == CLAUSES
    assert update["route"]["degraded"]


def test_a_programming_error_is_not_hidden() -> None:
    with pytest.raises(KeyError):
        split_by(KeyError("bug"))


def failing(error: Exception) -> Callable[[], BaseChatModel]:
    def load() -> BaseChatModel:
        raise error

    return load
