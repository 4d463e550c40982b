"""`openai://` against what answers, with HTTP 200, with something other than the protocol."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fakes.model_server import Fault
from fakes.openai_server import OpenAIServer, serve_openai
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage

from mdsa.errors import ContextOverflowError, InvalidInputError, ModelError, ModelOutputError
from mdsa.models import ModelRegistry
from mdsa.settings import Settings


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with serve_openai() as running:
        yield running


def chat_model(server: OpenAIServer) -> BaseChatModel:
    return ModelRegistry(Settings()).get(server.reference)


def whole(value: Any) -> Fault:
    return Fault(reply=("application/json", json.dumps(value).encode()))


def event(value: Any) -> Fault:
    body = f"data: {json.dumps(value)}\n\ndata: [DONE]\n\n"
    return Fault(reply=("text/event-stream", body.encode()))


HTML = Fault(reply=("text/html", b"<html>Sign in</html>"))
MESSAGE = {"role": "assistant", "content": "hi"}


@pytest.mark.parametrize(
    "fault",
    [
        HTML,
        whole([]),
        whole("hello"),
        whole({}),
        whole({"choices": None}),
        whole({"choices": []}),
        whole({"choices": [{}]}),
        whole({"choices": [{"message": None}]}),
        whole({"choices": "hello"}),
        whole({"choices": [{"message": MESSAGE}], "usage": "much"}),
        whole({"choices": [{"message": {**MESSAGE, "tool_calls": [{"function": None}]}}]}),
        whole({"error": "overloaded"}),
    ],
    ids=lambda fault: fault.reply[1].decode()[:40],
)
async def test_an_answer_of_another_shape_is_the_models_failure(
    fault: Fault, server: OpenAIServer
) -> None:
    server.fault = fault

    with pytest.raises(ModelOutputError, match="cannot be read"):
        chat_model(server).invoke("hi")
    with pytest.raises(ModelOutputError, match="cannot be read"):
        await chat_model(server).ainvoke("hi")


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")  # of OpenAI's client
@pytest.mark.parametrize(
    "fault",
    [
        HTML,
        event(None),
        event("hello"),
        event([]),
        event(7),
        event({"choices": "hello"}),
        event({"choices": [None]}),
        event({"choices": [{"delta": "hello"}]}),
        event({"choices": [{"delta": {"content": 5}}]}),
        event({"choices": [{"delta": {"tool_calls": ["call"]}}]}),
        event({"choices": [], "usage": "much"}),
        event({"error": "overloaded"}),
    ],
    ids=lambda fault: fault.reply[1].decode()[:40],
)
async def test_a_stream_of_another_shape_is_the_models_failure(
    fault: Fault, server: OpenAIServer
) -> None:
    server.fault = fault

    with pytest.raises(ModelError, match=r"127\.0\.0\.1|before it was done"):
        list(chat_model(server).stream("hi"))
    with pytest.raises(ModelError, match=r"127\.0\.0\.1|before it was done"):
        [chunk async for chunk in chat_model(server).astream("hi")]


def test_an_error_in_the_place_of_an_answer_is_understood(server: OpenAIServer) -> None:
    server.fault = whole({"error": {"message": "exceeds the context length", "code": 400}})

    with pytest.raises(ContextOverflowError, match="retrieve fewer passages"):
        chat_model(server).invoke("hi")


def test_a_page_is_not_told_whole(server: OpenAIServer) -> None:
    server.fault = whole({"error": "x" * 10_000})

    with pytest.raises(ModelOutputError) as raised:
        chat_model(server).invoke("hi")

    assert len(str(raised.value)) < 600


async def test_a_message_that_cannot_be_sent_is_no_failure_of_the_model(
    server: OpenAIServer,
) -> None:
    broken = [HumanMessage([{"type": "audio", "base64": "aGk="}])]

    with pytest.raises(InvalidInputError, match="cannot be sent"):
        chat_model(server).invoke(broken)
    with pytest.raises(InvalidInputError, match="cannot be sent"):
        [chunk async for chunk in chat_model(server).astream(broken)]
    assert server.recorded == []


@pytest.mark.parametrize(
    "fault",
    [HTML, whole(None), whole({"data": None}), whole({"data": [{}]}), whole({"data": [{"id": 5}]})],
    ids=lambda fault: fault.reply[1].decode()[:40],
)
def test_a_check_of_no_such_server_says_so(fault: Fault, server: OpenAIServer) -> None:
    server.fault = fault

    status = ModelRegistry(Settings()).check(server.reference)

    assert not status.available
    assert server.url in status.detail
