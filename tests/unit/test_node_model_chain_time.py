"""The chain of models: how long each may take, to begin and in all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fakes.chat_models import ScriptedChatModel, calls
from fakes.model_chains import (
    answer,
    choice,
    scripted,
)
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk
from pydantic import Field

from mdsa.errors import (
    ModelError,
    ModelTimeoutError,
)
from mdsa.models.circuit_breaker import CircuitBreaker
from mdsa.nodes.model_chain import ModelChain


async def test_a_slow_model_leaves_time_for_the_next_one() -> None:
    async def hang(_: object) -> str:
        return await asyncio.Future()

    breaker = CircuitBreaker(failures=1)
    chain = ModelChain([choice(scripted(hang), breaker=breaker), choice(scripted("fine"))])

    reply = await answer(chain, left_s=1.0)

    assert reply.text == "fine"
    assert reply.response_metadata["failures"][0]["reason"] == "timeout"
    assert breaker.state == "open"


async def test_the_last_model_may_use_all_the_time_that_is_left() -> None:
    chain = ModelChain([choice(scripted(ModelError("x"))), choice(scripted("fine"))], clock=clock())
    share = chain._limits(100.0, is_last=False)
    rest = chain._limits(100.0, is_last=True)

    assert (share.left_s(), rest.left_s()) == (50.0, 100.0)


def clock() -> Any:
    return lambda: 0.0


async def test_only_time_itself_limits_the_last_of_several_models() -> None:
    models = [choice(scripted("x")), choice(scripted("y"))]
    chain = ModelChain(models, timeout_s=5, first_token_s=2, clock=clock())

    first, last = (chain._limits(None, is_last=is_last) for is_last in (False, True))
    only = ModelChain(models[:1], timeout_s=5, clock=clock())._limits(None, is_last=True)

    assert (first.left_s(), first.first_token_s) == (5, 2)
    assert (last.left_s(), last.first_token_s) == (None, None)
    assert only.left_s() == 5


async def test_without_time_no_model_is_asked() -> None:
    model = scripted("x")

    with pytest.raises(ModelTimeoutError, match="no time was left"):
        await answer(ModelChain([choice(model)]), left_s=0.0)
    assert model.prompts == []


class Stream(ScriptedChatModel):
    """Streams its pieces, waiting before each for an event that may never come."""

    pieces: list[str] = Field(default_factory=list)
    hangs_before: int = -1
    replies: list[Any] = Field(default_factory=lambda: ["unused"])

    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        for index, piece in enumerate(self.pieces):
            if index == self.hangs_before:
                await asyncio.Future()
            yield ChatGenerationChunk(message=AIMessageChunk(piece))
        yield ChatGenerationChunk(message=AIMessageChunk("", chunk_position="last"))


async def test_a_model_that_does_not_begin_is_given_up() -> None:
    slow = Stream(pieces=["never"], hangs_before=0)
    chain = ModelChain([choice(slow), choice(scripted("fine"))], first_token_s=0.01)

    reply = await answer(chain)

    assert reply.text == "fine"
    assert reply.response_metadata["failures"][0]["reason"] == "timeout"


async def test_a_model_that_has_begun_may_take_its_time() -> None:
    model = Stream(pieces=["one ", "two"], hangs_before=1)
    chain = ModelChain([choice(model), choice(scripted("fine"))], first_token_s=0.01, timeout_s=0.1)

    reply = await answer(chain)

    assert reply.response_metadata["failures"] == [{"model": "fake://a", "reason": "timeout"}]
    model = Stream(pieces=["one ", "two"])
    reply = await answer(ModelChain([choice(model)], first_token_s=30))
    assert (type(reply), reply.text) == (AIMessage, "one two")


async def test_calls_survive_the_watch_for_the_first_token() -> None:
    model = scripted(calls(("find", "c1", {"order": "7"})))

    reply = await answer(ModelChain([choice(model)], first_token_s=30))

    (call,) = reply.tool_calls
    assert (call["name"], call["args"], call["id"]) == ("find", {"order": "7"}, "c1")
