"""`openai://` against a server that speaks OpenAI's protocol."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest
from fakes.agents import scripted
from fakes.model_server import Fault
from fakes.openai_server import OpenAIServer, serve_openai
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage
from pydantic import SecretStr

from mdsa.errors import (
    ContextOverflowError,
    ModelError,
    ModelOutputError,
    ModelTimeoutError,
    ModelUnavailableError,
)
from mdsa.models import ModelRegistry
from mdsa.models.openai_server.chat_model import OpenAIServerChatModel
from mdsa.settings import Settings


def chat_model(server: OpenAIServer, **settings: Any) -> BaseChatModel:
    return ModelRegistry(Settings(**settings)).get(server.reference, temperature=0.2, max_tokens=9)


async def fails(model: BaseChatModel, kind: type[Exception], match: str) -> None:
    """It fails so in all four ways of asking."""
    question = "one two three"
    with pytest.raises(kind, match=match):
        model.invoke(question)
    with pytest.raises(kind, match=match):
        await model.ainvoke(question)
    await streams_fail(model, kind, match)


async def streams_fail(model: BaseChatModel, kind: type[Exception], match: str) -> None:
    with pytest.raises(kind, match=match):
        list(model.stream("one two three"))
    with pytest.raises(kind, match=match):
        [chunk async for chunk in model.astream("one two three")]


async def test_it_answers_with_the_options_of_the_reference() -> None:
    with serve_openai() as server:
        model = chat_model(server)
        reply = await model.ainvoke("hello there")
        words = [chunk.text for chunk in model.stream("one two") if chunk.text]

    assert reply.text == "You said: hello there"
    assert reply.usage_metadata is not None
    assert words == ["You", " said:", " one", " two"]
    (first, second) = server.bodies("/v1/chat/completions")
    assert (first["temperature"], first["max_tokens"], first["model"]) == (0.2, 9, "org/echo")
    assert second["stream_options"] == {"include_usage": True}


def test_a_key_is_sent_where_there_is_one() -> None:
    with serve_openai(key="secret") as server:
        reply = chat_model(server, openai_api_key=SecretStr("secret")).invoke("hi")
        with pytest.raises(ModelError, match="set MDSA_OPENAI_API_KEY"):
            chat_model(server).invoke("hi")

    assert reply.text == "You said: hi"


@pytest.mark.parametrize(
    ("fault", "kind", "message"),
    [
        (Fault(cut_after=2), ModelUnavailableError, "broke off"),
        (Fault(end_after=2), ModelUnavailableError, "before it was done"),
        (Fault(garbage_after=1), ModelOutputError, "cannot be read"),
        (Fault(error_after=(1, "CUDA out of memory")), ModelError, "smaller model"),
    ],
    ids=["cut", "no end", "garbage", "error event"],
)
async def test_a_stream_that_goes_wrong_is_told(
    fault: Fault, kind: type[Exception], message: str
) -> None:
    with serve_openai() as server:
        server.fault = fault

        await streams_fail(chat_model(server), kind, message)


@pytest.mark.parametrize(
    ("refusal", "kind", "message"),
    [
        ((503, "overloaded"), ModelUnavailableError, "too busy"),
        ((429, "slow down"), ModelUnavailableError, "too busy"),
        ((500, "out of memory"), ModelError, "smaller model"),
        ((400, "bad grammar"), ModelError, "bad grammar"),
    ],
)
async def test_a_refusal_is_told_and_not_repeated(
    refusal: tuple[int, str], kind: type[Exception], message: str
) -> None:
    with serve_openai() as server:
        server.fault = Fault(refusal=refusal)

        await fails(chat_model(server), kind, message)

    assert len(server.recorded) == 4


async def test_a_slow_server_is_given_up() -> None:
    with serve_openai() as server:
        server.fault = Fault(hold=threading.Event())

        await streams_fail(chat_model(server, request_timeout_s=0.2), ModelTimeoutError, "0.2 s")


async def test_a_prompt_that_is_too_long_is_told() -> None:
    with serve_openai(context_length=5) as server:
        await fails(chat_model(server), ContextOverflowError, "top_k")


async def test_nobody_there_names_the_server() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{held.getsockname()[1]}"
    model = ModelRegistry(Settings()).get(f"openai://{address}/m")

    await fails(model, ModelUnavailableError, f"no server answers at http://{address}/v1")


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


async def test_a_server_without_tool_calls_gets_them_as_a_schema() -> None:
    backing = scripted('{"tool_calls": [{"name": "add", "arguments": {"a": 2, "b": 3}}]}')
    with serve_openai({"m": backing}, calls_tools=False) as server:
        bound = chat_model(server).bind_tools([add])
        replies = [bound.invoke("2 and 3"), await bound.ainvoke("2 and 3")]

    assert [reply.tool_calls[0]["args"] for reply in replies] == [{"a": 2, "b": 3}] * 2
    refused, constrained, _ = server.bodies("/v1/chat/completions")
    assert refused["tools"]
    assert not constrained.get("tools")
    assert constrained["response_format"]["json_schema"]["schema"]["anyOf"]


async def test_a_server_that_ignores_tools_is_found_out_by_a_forced_call() -> None:
    call = '{"tool_calls": [{"name": "add", "arguments": {"a": 2, "b": 3}}]}'
    with serve_openai({"m": scripted("five", call, call, call)}) as server:
        bound = chat_model(server).bind_tools([add], tool_choice="any")
        replies = [bound.invoke("2 and 3"), await bound.ainvoke("2 and 3")]

    assert [len(reply.tool_calls) for reply in replies] == [1, 1]
    assert [bool(one.get("tools")) for one in server.bodies("/v1/chat/completions")] == [
        True,
        False,
        False,
    ]


def test_there_is_no_server_that_nobody_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "https://api.openai.com/v1")

    with pytest.raises(ValueError, match="no default server"):
        OpenAIServerChatModel(model="gpt-4o", api_key="k")


def test_images_go_as_data_urls() -> None:
    block = {"type": "image", "base64": "aGk=", "mime_type": "image/png"}
    with serve_openai() as server:
        reply = chat_model(server).invoke([HumanMessage([{"type": "text", "text": "see"}, block])])

    sent = server.bodies("/v1/chat/completions")[0]["messages"][0]["content"]
    assert sent[1]["image_url"]["url"] == "data:image/png;base64,aGk="
    assert "showed 1 image" in reply.text


def test_tokens_are_counted_without_a_download() -> None:
    with serve_openai() as server:
        model = chat_model(server)

        assert 1 <= model.get_num_tokens("some words here") <= 10
        assert 1 <= model.get_num_tokens_from_messages([HumanMessage("some words")], [add]) <= 60


@pytest.mark.parametrize(
    ("name", "available", "detail"),
    [
        ("org/echo", True, "the server has it"),
        ("gpt-4o", False, "it has: org/echo"),
    ],
)
def test_the_check_looks_at_what_is_served(name: str, available: bool, detail: str) -> None:
    with serve_openai() as server:
        host = server.url.removeprefix("http://")
        status = ModelRegistry(Settings()).check(f"openai://{host}/{name}")

    assert status.available == available
    assert detail in status.detail
    assert server.bodies("/v1/chat/completions") == []


def test_the_check_of_a_server_that_refuses_the_key_names_its_variable() -> None:
    with serve_openai(key="secret") as server:
        status = ModelRegistry(Settings()).check(server.reference)

    assert not status.available
    assert status.detail.endswith("(HTTP 401)")
    assert status.remedy == "set MDSA_OPENAI_API_KEY to a key that it takes."


def test_the_check_of_a_model_without_a_server_says_how_to_name_one() -> None:
    status = ModelRegistry(Settings()).check("openai://gpt-4o")

    assert not status.available
    assert "openai://api.openai.com/gpt-4o-mini" in status.detail
