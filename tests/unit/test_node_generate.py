"""generate: the model answers, within its time and its tools; a fallback where it cannot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fakes.chat_models import ScriptedChatModel, calls
from fakes.node_runs import arun, run
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import tool

from mdsa.errors import ModelError
from mdsa.graph.context import RunContext
from mdsa.nodes.generate import make_generate

FAILURES = [
    ModelError("no weights"),
    ConnectionError("refused"),
    TimeoutError("slow"),
    httpx.ConnectError("refused"),
]


@tool
def lookup(order: str) -> str:
    """Look an order up."""
    return "packed"


def state(*earlier: Any, **fields: Any) -> Any:
    messages = [*earlier, HumanMessage("q")]
    asked = {"query": "q", "context": "", "position": 0, "replies_from": len(messages)}
    return {"messages": messages, "asked": asked, "passages": [], "rounds": 0, **fields}


def scripted(*replies: Any) -> ScriptedChatModel:
    return ScriptedChatModel(replies=list(replies))


def raising(error: Exception) -> Callable[[], BaseChatModel]:
    def load() -> BaseChatModel:
        raise error

    return load


async def reply_of(node: Any, given: Any, *, run_async: bool) -> AIMessage:
    if run_async:
        update = await arun(node, given)
    else:
        update = run(node, given)
    (reply,) = update["messages"]
    return reply


both_ways = pytest.mark.parametrize("run_async", [False, True], ids=["sync", "async"])


@both_ways
async def test_the_models_reply_is_the_update(run_async: bool) -> None:
    model = scripted("the answer")

    reply = await reply_of(make_generate(lambda: model), state(), run_async=run_async)

    assert reply.text == "the answer"
    assert "degraded" not in reply.response_metadata
    assert model.offered == [[]]


@both_ways
@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
async def test_a_model_that_fails_is_replaced_and_the_reply_says_so(
    failure: Exception, run_async: bool
) -> None:
    fallback = scripted(AIMessage("from the fallback", response_metadata={"passage_ids": [1]}))

    for load in (lambda: scripted(failure), raising(failure)):
        node = make_generate(load, fallbacks=[lambda: fallback])
        reply = await reply_of(node, state(), run_async=run_async)

        assert reply.text == "from the fallback"
        assert reply.response_metadata["degraded"] is True
        assert reply.response_metadata["passage_ids"] == [1]


@both_ways
async def test_without_a_fallback_the_failure_comes_through(run_async: bool) -> None:
    node = make_generate(lambda: scripted(ModelError("no weights")))

    with pytest.raises(ModelError, match="no weights"):
        await reply_of(node, state(), run_async=run_async)


@both_ways
async def test_a_programming_error_does_not_fall_back(run_async: bool) -> None:
    node = make_generate(lambda: scripted(KeyError("bug")), fallbacks=[lambda: scripted("x")])

    with pytest.raises(KeyError):
        await reply_of(node, state(), run_async=run_async)


async def test_a_model_that_takes_too_long_is_replaced() -> None:
    async def never(_: object) -> str:
        return await asyncio.Future()

    node = make_generate(lambda: scripted(never), fallbacks=[lambda: scripted("x")], timeout_s=0.01)

    reply = await reply_of(node, state(), run_async=True)

    assert reply.text == "x"
    assert reply.response_metadata["degraded"] is True


@both_ways
async def test_tools_are_offered_until_the_rounds_are_used_up(run_async: bool) -> None:
    model = scripted("x")
    node = make_generate(lambda: model, tools=[lookup], max_tool_rounds=2)

    for rounds in range(4):
        await reply_of(node, state(rounds=rounds), run_async=run_async)

    assert model.offered == [["lookup"], ["lookup"], [], []]


@both_ways
async def test_the_fallback_is_offered_the_tools_too(run_async: bool) -> None:
    fallback = scripted("x")
    node = make_generate(raising(ModelError("x")), fallbacks=[lambda: fallback], tools=[lookup])

    await reply_of(node, state(), run_async=run_async)

    assert fallback.offered == [["lookup"]]


@both_ways
async def test_calls_of_tools_that_were_not_offered_are_dropped(run_async: bool) -> None:
    wilful = calls(("lookup", "c1", {"order": "1"}), text="I will look it up")
    node = make_generate(lambda: scripted(wilful), tools=[lookup], max_tool_rounds=1)

    reply = await reply_of(node, state(rounds=1), run_async=run_async)

    assert reply.tool_calls == []
    assert reply.text == "I will look it up"


@pytest.mark.parametrize(
    ("ids", "earlier_ids"),
    [([None], []), ([""], []), (["0", "0"], []), (["0"], ["0"]), ([None, None], [])],
)
def test_every_call_gets_an_id_of_its_own(ids: list[str | None], earlier_ids: list[str]) -> None:
    earlier = [calls(*[("lookup", call_id, {}) for call_id in earlier_ids])] if earlier_ids else []
    model = scripted(
        calls(*[("lookup", call_id, {"order": str(n)}) for n, call_id in enumerate(ids)])
    )
    node = make_generate(lambda: model, tools=[lookup])

    (reply,) = run(node, state(*earlier))["messages"]

    made = [call["id"] for call in reply.tool_calls]
    assert all(made)
    assert len({*made, *earlier_ids}) == len(made) + len(earlier_ids)
    assert [call["args"]["order"] for call in reply.tool_calls] == [str(n) for n in range(len(ids))]


def test_ids_that_are_good_are_kept() -> None:
    model = scripted(calls(("lookup", "a", {}), ("lookup", "b", {})))

    (reply,) = run(make_generate(lambda: model, tools=[lookup]), state())["messages"]

    assert [call["id"] for call in reply.tool_calls] == ["a", "b"]


def test_facts_of_the_run_reach_the_model() -> None:
    model = scripted("x")
    context = RunContext(facts={"order_id": "ORD-7"})

    run(make_generate(lambda: model, system_prompt="Be kind."), state(), context)

    system, question = model.prompts[0]
    assert system.text.startswith("Be kind.")
    assert "ORD-7" in question.text
