"""`ollama://` when the server is slow, breaks off, talks nonsense or cuts the prompt."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fakes.model_server import Fault
from fakes.ollama_server import OllamaServer, ServedModel, serve_ollama
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage

from mdsa.errors import (
    ContextOverflowError,
    InvalidInputError,
    ModelError,
    ModelMemoryError,
    ModelOutputError,
    ModelTimeoutError,
    ModelUnavailableError,
)
from mdsa.models import ModelRegistry
from mdsa.models.ollama import OllamaChatModel
from mdsa.settings import Settings


@pytest.fixture
def server() -> Iterator[OllamaServer]:
    with serve_ollama(["llama3:8b"]) as running:
        yield running


def chat_model(server: OllamaServer, query: str = "", **settings: Any) -> BaseChatModel:
    changed = Settings(ollama_base_url=server.url, **settings)
    return ModelRegistry(changed).get(f"ollama://llama3:8b{query}")


async def fails(
    model: BaseChatModel, kind: type[Exception], match: str, question: Any = "one two three"
) -> None:
    """It fails so in all four ways of asking."""
    with pytest.raises(kind, match=match):
        model.invoke(question)
    with pytest.raises(kind, match=match):
        await model.ainvoke(question)
    with pytest.raises(kind, match=match):
        list(model.stream(question))
    with pytest.raises(kind, match=match):
        [chunk async for chunk in model.astream(question)]


@pytest.mark.parametrize(
    ("fault", "kind", "message"),
    [
        (Fault(cut_after=2), ModelUnavailableError, "broke off"),
        (Fault(end_after=2), ModelUnavailableError, "before it was done"),
        (Fault(end_after=0), ModelUnavailableError, "before it was done"),
        (Fault(garbage_after=1), ModelOutputError, "does not speak Ollama's protocol"),
        (Fault(error_after=(1, "unexpected EOF")), ModelError, r"unexpected EOF \(within"),
        (
            Fault(refusal=(503, "server busy, please try again.  maximum pending requests")),
            ModelUnavailableError,
            "too busy",
        ),
        (
            Fault(refusal=(500, "model requires more system memory (5.6 GiB) than is available")),
            ModelMemoryError,
            "ollama stop",
        ),
        (
            Fault(refusal=(400, "the prompt is longer than the context length available")),
            ContextOverflowError,
            "num_ctx=8192",
        ),
    ],
    ids=["cut", "no end", "nothing", "garbage", "error line", "busy", "memory", "too long"],
)
async def test_what_goes_wrong_is_told(
    server: OllamaServer, fault: Fault, kind: type[Exception], message: str
) -> None:
    server.fault = fault

    await fails(chat_model(server), kind, message)


async def test_a_slow_server_is_given_up(server: OllamaServer) -> None:
    server.fault = Fault(hold=threading.Event())

    await fails(chat_model(server, request_timeout_s=0.2), ModelTimeoutError, "within 0.2 s")


def test_pieces_come_before_the_answer_breaks_off(server: OllamaServer) -> None:
    server.fault = Fault(cut_after=2)
    heard: list[str] = []

    def listen() -> None:
        heard.extend(chunk.text for chunk in chat_model(server).stream("one two three"))

    with pytest.raises(ModelUnavailableError) as caught:
        listen()
    assert heard == ["You", " said:"]
    assert caught.value.retry_after_s is not None


async def test_a_prompt_that_was_cut_is_no_answer(server: OllamaServer) -> None:
    long = "word " * 400

    await fails(chat_model(server, "?num_ctx=256"), ContextOverflowError, "num_ctx=512", long)


async def test_the_servers_own_window_is_asked_for_where_none_is_set(server: OllamaServer) -> None:
    long = "word " * 4000

    await fails(chat_model(server), ContextOverflowError, "4096 tokens", long)
    assert chat_model(server).invoke("short").text == "You said: short"


def test_earlier_messages_that_were_left_out_are_logged(
    server: OllamaServer, caplog: pytest.LogCaptureFixture
) -> None:
    history = [HumanMessage("word " * 400), AIMessage("ok"), HumanMessage("and now")]

    reply = chat_model(server, "?num_ctx=256").invoke(history)

    assert reply.text == "You said: and now"
    assert "Ollama left out earlier messages" in caplog.text


def test_settings_and_reference_reach_the_server(server: OllamaServer) -> None:
    settings = {"ollama_num_ctx": 2048, "ollama_keep_alive": "10m"}

    chat_model(server, **settings).invoke("hi")
    chat_model(server, "?num_ctx=512&keep_alive=-1", **settings).invoke("hi")

    sent = server.bodies("/api/chat")
    assert [one["options"]["num_ctx"] for one in sent] == [2048, 512]
    assert [one["keep_alive"] for one in sent] == ["10m", -1]


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def answers_json(text: str) -> Callable[[Any], str]:
    return lambda _: text


@pytest.mark.parametrize("capabilities", [["completion"], None], ids=["told", "found out"])
async def test_a_model_without_tool_calls_writes_them_as_json(capabilities: Any) -> None:
    from fakes.agents import scripted

    backing = scripted('{"tool_calls": [{"name": "add", "arguments": {"a": 2, "b": 3}}]}')
    served = ServedModel("llama3:8b", backing, capabilities)
    with serve_ollama([served]) as server:
        model = chat_model(server).bind_tools([add])

        replies = [model.invoke("2 and 3"), await model.ainvoke("2 and 3")]

    assert [reply.tool_calls[0]["args"] for reply in replies] == [{"a": 2, "b": 3}] * 2
    assert all(reply.text == "" for reply in replies)
    asked = server.bodies("/api/chat")[-1]
    assert not asked.get("tools")
    assert asked["format"]["anyOf"]
    assert "add(a: integer, b: integer)" in asked["messages"][0]["content"]


def test_its_answer_streams_as_text() -> None:
    from fakes.agents import scripted

    served = ServedModel("llama3:8b", scripted('{"answer": "It is \\"five\\"."}'), ["completion"])
    with serve_ollama([served]) as server:
        pieces = [part.text for part in chat_model(server).bind_tools([add]).stream("2 and 3?")]

    assert "".join(pieces) == 'It is "five".'
    assert len([piece for piece in pieces if piece]) > 1


def test_a_forced_call_is_held_to_its_schema(server: OllamaServer) -> None:
    chat_model(server).bind_tools([add], tool_choice="add").invoke("2 and 3")

    asked = server.bodies("/api/chat")[-1]
    assert not asked.get("tools")
    assert asked["format"]["required"] == ["tool_calls"]


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"type": "image", "base64": "aGk=", "mime_type": "image/png"}, "takes no images"),
        ({"type": "image", "url": "https://host/a.png"}, "takes no images"),
    ],
)
async def test_images_for_a_model_without_eyes_are_refused_unsent(
    server: OllamaServer, block: dict[str, Any], message: str
) -> None:
    question = [HumanMessage([{"type": "text", "text": "what is it"}, block])]

    await fails(chat_model(server), InvalidInputError, message, question)
    assert server.bodies("/api/chat") == []


def test_an_address_is_not_fetched_for_a_model_with_eyes() -> None:
    served = ServedModel("llama3:8b", capabilities=["completion", "vision"])
    question = [HumanMessage([{"type": "image", "url": "https://host/a.png"}])]
    with serve_ollama([served]) as server, pytest.raises(InvalidInputError, match="as base64"):
        chat_model(server).invoke(question)


def test_models_are_made_without_asking_anybody() -> None:
    model = ModelRegistry(Settings(ollama_base_url="http://127.0.0.1:1")).get("ollama://m")

    assert isinstance(model, OllamaChatModel)
