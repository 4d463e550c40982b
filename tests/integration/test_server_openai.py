"""OpenAI's own client, and LangChain's, talk to the server over a socket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from fakes.live_server import live_server
from fakes.web_agents import Clerk, web_agent
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_openai import ChatOpenAI

from mdsa.core.orchestrator import TinyBERTOrchestrator
from mdsa.server.keys import KeyStore


@pytest.fixture
def agent(tmp_path: Path) -> TinyBERTOrchestrator:
    agent = web_agent(tmp_path, Clerk())
    agent.rag.add_local_documents(
        "orders", [{"content": "An order takes two days.", "metadata": {"source": "orders.md"}}]
    )
    return agent


@pytest.fixture
def keys(agent: TinyBERTOrchestrator) -> dict[str, str]:
    store = KeyStore(agent.settings.data_dir)
    made = {name: store.create(name)[1] for name in ("shop", "rival")}
    return made | {"clinic": store.create("clinic", domains=["billing"])[1]}


@pytest.fixture
def url(agent: TinyBERTOrchestrator, keys: dict[str, str]) -> Iterator[str]:
    with live_server(agent) as address:
        yield f"{address}/v1"


@pytest.fixture
def client(url: str, keys: dict[str, str]) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=url, api_key=keys["shop"], max_retries=0) as made:
        yield made


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def test_models_are_the_router_and_the_specialists(
    client: openai.OpenAI, url: str, keys: dict[str, str]
):
    names = [model.id for model in client.models.list()]
    assert names == ["mdsa", "mdsa/orders", "mdsa/billing", "mdsa/weather"]
    assert client.models.retrieve("mdsa/orders").owned_by == "mdsa"

    with openai.OpenAI(base_url=url, api_key=keys["clinic"], max_retries=0) as clinic:
        assert [model.id for model in clinic.models.list()] == ["mdsa", "mdsa/billing"]
        with pytest.raises(openai.NotFoundError, match="unknown model 'mdsa/orders'"):
            clinic.chat.completions.create(model="mdsa/orders", messages=[user("an order")])


def test_an_answer_tells_its_sources_and_its_route(client: openai.OpenAI):
    made = client.chat.completions.create(model="mdsa", messages=[user("the order in [1]")])

    (choice,) = made.choices
    assert (choice.finish_reason, choice.message.role) == ("stop", "assistant")
    assert "the order" in str(choice.message.content)
    annotations = choice.message.annotations
    assert annotations is not None
    assert annotations[0].url_citation.url == "orders.md"
    facts = made.model_extra["mdsa"] if made.model_extra else {}
    assert (facts["domain"], facts["decision"]) == ("orders", "direct")


def test_a_conversation_goes_on_in_its_session(client: openai.OpenAI):
    said = [{"role": "system", "content": "Be kind."}, user("an order")]
    for turn in range(3):
        made = client.chat.completions.create(model="mdsa", messages=said)  # type: ignore[arg-type] # plain dicts
        text = str(made.choices[0].message.content)
        assert text.endswith(f"after {turn} others")
        said += [{"role": "assistant", "content": text}, user(f"an order {turn}")]


def test_conversations_that_begin_alike_are_two_sessions(client: openai.OpenAI):
    first = client.chat.completions.create(model="mdsa", messages=[user("an order")])
    client.chat.completions.create(model="mdsa", messages=[user("an order")])
    said = [user("an order"), first.choices[0].message.to_dict(), user("an order of gin")]
    one = client.chat.completions.create(model="mdsa", messages=said)  # type: ignore[arg-type] # plain dicts
    said[-1] = user("an order of tea")
    two = client.chat.completions.create(model="mdsa", messages=said)  # type: ignore[arg-type] # plain dicts

    texts = [str(made.choices[0].message.content) for made in (one, two)]
    assert all(text.endswith("after 1 others") for text in texts)
    sessions = {str((made.model_extra or {})["mdsa"]["session_id"]) for made in (one, two)}
    assert len(sessions) == 2


def test_a_foreign_conversation_is_not_gone_on_with(
    client: openai.OpenAI, url: str, keys: dict[str, str]
):
    named = {"session_id": "mine"}
    mine = client.chat.completions.create(
        model="mdsa", messages=[user("an order")], extra_body=named
    )
    with openai.OpenAI(base_url=url, api_key=keys["rival"], max_retries=0) as rival:
        with pytest.raises(openai.PermissionDeniedError):
            rival.chat.completions.create(model="mdsa", messages=[user("an order")], metadata=named)
        said = [user("an order"), mine.choices[0].message.to_dict(), user("an order")]
        theirs = rival.chat.completions.create(model="mdsa", messages=said)  # type: ignore[arg-type] # plain dicts
    assert str(theirs.choices[0].message.content).endswith("after 0 others")


def test_a_specialist_answers_what_the_router_would_not_send_it(client: openai.OpenAI):
    made = client.chat.completions.create(model="mdsa/billing", messages=[user("hello you")])

    assert (made.model_extra or {})["mdsa"]["domain"] == "billing"


@pytest.mark.parametrize("message", ["an order", "an order and an invoice", "rain"])
def test_pieces_make_up_the_answer(client: openai.OpenAI, message: str):
    chunks = list(
        client.chat.completions.create(model="mdsa", messages=[user(message)], stream=True)
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)

    assert chunks[-1].choices[0].finish_reason == "stop"
    facts = (chunks[-1].model_extra or {})["mdsa"]
    said = [user(message), {"role": "assistant", "content": text}, user("an order")]
    again = client.chat.completions.create(model="mdsa", messages=said)  # type: ignore[arg-type] # plain dicts
    assert (again.model_extra or {})["mdsa"]["session_id"] == facts["session_id"]


_PICTURE = {"type": "image_url", "image_url": {"url": "https://a.example/cat.png"}}
_VOICE = {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"model": "gpt-4o"}, openai.NotFoundError, "unknown model 'gpt-4o'"),
        ({"n": 2}, openai.UnprocessableEntityError, "n is 2"),
        (
            {"messages": [{"role": "assistant", "content": "x"}]},
            openai.UnprocessableEntityError,
            "not the user's",
        ),
        ({"messages": [user(" ")]}, openai.UnprocessableEntityError, "the message is empty"),
        (
            {"messages": [{"role": "user", "content": [_PICTURE]}]},
            openai.UnprocessableEntityError,
            "nothing is fetched",
        ),
        (
            {"messages": [{"role": "user", "content": [_VOICE]}]},
            openai.UnprocessableEntityError,
            "'input_audio'",
        ),
        (
            {"tools": [{"type": "function", "function": {"name": "f"}}]},
            openai.UnprocessableEntityError,
            "tools of the client",
        ),
    ],
)
def test_what_cannot_be_done_is_told(
    client: openai.OpenAI, changes: dict[str, Any], kind: type[openai.APIStatusError], words: str
):
    request: dict[str, Any] = {"model": "mdsa", "messages": [user("an order")], **changes}
    with pytest.raises(kind, match=words) as refused:
        client.chat.completions.create(**request)

    assert refused.value.response.headers["content-type"] == "application/problem+json"


def test_a_wrong_key_is_refused(url: str):
    with (
        openai.OpenAI(base_url=url, api_key="sk-wrong", max_retries=0) as stranger,
        pytest.raises(openai.AuthenticationError),
    ):
        stranger.models.list()


async def test_langchains_client_asks_streams_and_goes_on(url: str, keys: dict[str, str]):
    model = ChatOpenAI(base_url=url, api_key=keys["shop"], model="mdsa", max_retries=0)  # type: ignore[arg-type] # text is read as a secret
    said: list[BaseMessage] = [HumanMessage("an order")]
    first = await model.ainvoke(said)
    assert str(first.text).endswith("after 0 others")

    said += [AIMessage(first.text), HumanMessage("an order again")]
    pieces = [piece async for piece in model.astream(said)]
    assert len(pieces) > 3
    assert "".join(str(piece.text) for piece in pieces).endswith("after 1 others")


def test_responses_follow_each_other(client: openai.OpenAI, url: str, keys: dict[str, str]):
    first = client.responses.create(model="mdsa", input="the order in [1]")
    assert first.status == "completed"
    assert first.output_text.startswith("answer to the order")
    (source,) = first.output[0].content[0].annotations  # type: ignore[union-attr] # one message
    assert source.url == "orders.md"

    second = client.responses.create(model="mdsa", input="an order", previous_response_id=first.id)
    assert second.output_text.endswith("after 1 others")
    assert second.conversation is not None
    assert first.conversation is not None
    assert second.conversation.id == first.conversation.id
    third = client.responses.create(
        model="mdsa/orders", input=[user("an order")], conversation=first.conversation.id
    )
    assert third.output_text.endswith("after 2 others")

    with openai.OpenAI(base_url=url, api_key=keys["rival"], max_retries=0) as rival:
        with pytest.raises(openai.NotFoundError):
            rival.responses.create(model="mdsa", input="an order", previous_response_id=first.id)
        with pytest.raises(openai.PermissionDeniedError):
            rival.responses.create(
                model="mdsa", input="an order", conversation=first.conversation.id
            )


@pytest.mark.parametrize("wrong", ["resp_x", "resp_!!.x", "nonsense", "resp_//8.x"])
def test_a_response_that_never_was_is_not_followed(client: openai.OpenAI, wrong: str):
    with pytest.raises(openai.NotFoundError, match="no response"):
        client.responses.create(model="mdsa", input="an order", previous_response_id=wrong)


def test_a_response_is_streamed_as_openai_does(client: openai.OpenAI):
    with client.responses.stream(model="mdsa", input="an order") as stream:
        deltas = [event.delta for event in stream if event.type == "response.output_text.delta"]
        final = stream.get_final_response()

    assert len(deltas) > 3
    assert "".join(deltas) == final.output_text
    again = client.responses.create(model="mdsa", input="an order", previous_response_id=final.id)
    assert again.output_text.endswith("after 1 others")
