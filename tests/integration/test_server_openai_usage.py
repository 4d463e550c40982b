"""Tokens of turns, as OpenAI's own client and LangChain's read them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import pytest
from fakes.agents import make_agent, scripted
from fakes.live_server import live_server
from langchain_core.messages import AIMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_openai import ChatOpenAI
from openai.types.chat import ChatCompletionUserMessageParam

from mdsa.core.orchestrator import TinyBERTOrchestrator

_READ, _WRITTEN = 7, 3
_COUNTED = {"input_tokens": _READ, "output_tokens": _WRITTEN, "total_tokens": _READ + _WRITTEN}


@pytest.fixture
def agent(tmp_path: Path) -> TinyBERTOrchestrator:
    usage = UsageMetadata(input_tokens=_READ, output_tokens=_WRITTEN, total_tokens=_READ + _WRITTEN)
    models = {
        "counts": scripted(AIMessage("Sent by express.", usage_metadata=usage)),
        "silent": scripted("All is paid."),
    }
    agent = make_agent(tmp_path, models=models)
    agent.register_domain("orders", "Orders", ["order"], "fake://counts")
    agent.register_domain("taxes", "Taxes", ["tax"], "fake://counts")
    agent.register_domain("billing", "Invoices", ["invoice"], "fake://silent")
    return agent


@pytest.fixture
def url(agent: TinyBERTOrchestrator) -> Iterator[str]:
    with live_server(agent) as address:
        yield f"{address}/v1"


@pytest.fixture
def client(url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=url, api_key="none", max_retries=0) as made:
        yield made


def user(text: str) -> ChatCompletionUserMessageParam:
    return {"role": "user", "content": text}


@pytest.mark.parametrize(
    ("message", "calls"),
    [("an order", 1), ("Where is my order? How high is my tax?", 2), ("an invoice", 0)],
)
def test_an_answer_tells_the_tokens_that_the_stats_count(
    client: openai.OpenAI, url: str, message: str, calls: int
):
    made = client.chat.completions.create(model="mdsa", messages=[user(message)])

    assert made.usage is not None
    told = (made.usage.prompt_tokens, made.usage.completion_tokens, made.usage.total_tokens)
    assert told == (_READ * calls, _WRITTEN * calls, (_READ + _WRITTEN) * calls)
    stats = httpx.get(url.removesuffix("/v1") + "/stats").json()
    assert (stats["input_tokens"], stats["output_tokens"]) == told[:2]


def test_a_stream_ends_with_the_tokens_where_they_are_asked_for(client: openai.OpenAI):
    *pieces, last = client.chat.completions.create(
        model="mdsa",
        messages=[user("an order")],
        stream=True,
        stream_options={"include_usage": True},
    )

    assert (last.choices, last.object) == ([], "chat.completion.chunk")
    assert last.usage is not None
    assert (last.usage.prompt_tokens, last.usage.completion_tokens) == (_READ, _WRITTEN)
    assert last.usage.total_tokens == _READ + _WRITTEN
    assert {piece.id for piece in pieces} == {last.id}
    assert pieces[-1].choices[0].finish_reason == "stop"
    assert all(piece.to_dict()["usage"] is None for piece in pieces)


@pytest.mark.parametrize("options", [None, {}, {"include_usage": False}])
def test_a_stream_is_silent_of_tokens_otherwise(client: openai.OpenAI, options: object):
    pieces = client.chat.completions.create(
        model="mdsa",
        messages=[user("an order")],
        stream=True,
        extra_body={"stream_options": options},
    )

    assert all(piece.choices and "usage" not in piece.to_dict() for piece in pieces)


async def test_langchains_client_reads_the_tokens(url: str):
    model = ChatOpenAI(
        base_url=url,
        api_key="none",  # type: ignore[arg-type] # text is read as a secret
        model="mdsa/orders",
        max_retries=0,
        stream_usage=True,
    )
    whole = await model.ainvoke("an order")
    assert whole.usage_metadata is not None
    assert _COUNTED.items() <= whole.usage_metadata.items()

    pieces = [piece async for piece in model.astream("an order")]
    told = [piece.usage_metadata for piece in pieces if piece.usage_metadata is not None]
    assert len(told) == 1
    assert _COUNTED.items() <= told[0].items()


def test_a_response_tells_its_tokens(client: openai.OpenAI):
    made = client.responses.create(model="mdsa", input="an order")
    with client.responses.stream(model="mdsa", input="an order") as stream:
        events = {event.type: event for event in stream}
        final = stream.get_final_response()

    for response in (made, final):
        assert response.usage is not None
        assert response.usage.to_dict() == {
            **_COUNTED,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 0},
        }
    created = events["response.created"]
    assert created.type == "response.created"
    assert created.response.usage is None


async def test_langchains_client_reads_the_tokens_of_responses(url: str):
    model = ChatOpenAI(
        base_url=url,
        api_key="none",  # type: ignore[arg-type] # text is read as a secret
        model="mdsa",
        max_retries=0,
        use_responses_api=True,
    )
    answered = await model.ainvoke("an invoice")

    assert answered.usage_metadata is not None
    assert answered.usage_metadata["total_tokens"] == 0
