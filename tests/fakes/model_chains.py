"""Chains of scripted models, and one question to them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fakes.chat_models import ScriptedChatModel
from langchain_core.messages import AIMessage, HumanMessage

from mdsa.models.circuit_breaker import CircuitBreaker
from mdsa.nodes.model_chain import ModelChain, ModelRequest
from mdsa.nodes.model_choice import ModelChoice

__all__ = [
    "LONG",
    "SHORT",
    "OutOfMemoryError",
    "answer",
    "both_ways",
    "choice",
    "http_error",
    "request",
    "scripted",
]

LONG = [HumanMessage("a question and much beside it")]
SHORT = [HumanMessage("a question")]

both_ways = pytest.mark.parametrize("run_async", [False, True], ids=["sync", "async"])


class OutOfMemoryError(RuntimeError):
    """As torch's, which is a RuntimeError of this name."""


def scripted(*replies: Any) -> ScriptedChatModel:
    return ScriptedChatModel(replies=list(replies))


def choice(
    model: ScriptedChatModel, name: str = "fake://a", breaker: CircuitBreaker | None = None
) -> ModelChoice:
    return ModelChoice(name, lambda: model, breaker)


def http_error(status: int, retry_after: str) -> httpx.HTTPStatusError:
    asked = httpx.Request("POST", "http://model.example")
    response = httpx.Response(status, headers={"retry-after": retry_after}, request=asked)
    return httpx.HTTPStatusError("refused", request=asked, response=response)


def request(**fields: Any) -> ModelRequest:
    return ModelRequest(prompt=lambda shortened: list(SHORT if shortened else LONG), **fields)


async def answer(
    chain: ModelChain, asked: ModelRequest | None = None, *, run_async: bool = True, **options: Any
) -> AIMessage:
    if run_async:
        return await chain.ainvoke(asked or request(), {}, **options)
    return chain.invoke(asked or request(), {}, **options)
