"""Pictures on their way from a caller to a domain's model, and out of the session again."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakes.agents import make_agent
from fakes.chat_models import ScriptedChatModel
from fakes.echo_model import EchoChatModel
from fakes.graphs import agent, specialist, thread
from fakes.ollama_server import ServedModel, serve_ollama
from langchain_core.messages import BaseMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver

from mdsa.core.images import read_images
from mdsa.errors import InvalidInputError, ModelError
from mdsa.models import ModelRegistry, ReaderChatModel
from mdsa.models.images import has_images, image_blocks
from mdsa.settings import Settings

PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)
SHOWN = base64.b64encode(PNG).decode()
BLOCK = {"type": "image", "base64": SHOWN, "mime_type": "image/png"}
URL_STYLE = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{SHOWN}"}}


def blindly(text: str) -> Callable[[list[BaseMessage]], str]:
    """A reply of a model that finds out when it is called that it takes no pictures."""

    def reply(messages: list[BaseMessage]) -> str:
        if has_images(messages):
            raise InvalidInputError("the model takes no images")
        return text

    return reply


@pytest.mark.parametrize(
    "given", [PNG, f"data:image/png;base64,{SHOWN}", BLOCK], ids=["bytes", "data URL", "block"]
)
def test_pictures_become_content_blocks(given: Any) -> None:
    assert read_images([given]) == [BLOCK]


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)

    assert read_images([tmp_path / "a.png"]) == [BLOCK]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (PNG, "pass a list"),
        (["/etc/hostname"], "neither bytes"),
        (["https://host/a.png"], "not fetched"),
        ([b"#!/bin/sh"], "is not a PNG"),
        ([Path("missing.png")], "cannot be read"),
        (["data:image/png;base64,%%%"], "is not valid base64"),
        ([PNG] * 9, "the most is 8"),
        ([PNG + bytes(10_000_000)], "the most is 10000000"),
    ],
)
def test_what_is_no_picture_is_refused(given: Any, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        read_images(given)


@pytest.mark.parametrize("run_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("block", [BLOCK, URL_STYLE], ids=["standard", "image_url"])
async def test_a_picture_reaches_the_model_of_its_domain(
    block: dict[str, Any], run_async: bool
) -> None:
    model = ScriptedChatModel(replies=["a dented parcel"])
    graph = agent(orders=specialist("orders", model))
    text = {"type": "text", "text": "what happened to my parcel"}
    given: Any = {"messages": [HumanMessage([text, block])]}

    if run_async:
        state = await graph.ainvoke(given, thread("s"))
    else:
        state = graph.invoke(given, thread("s"))

    assert state["messages"][-1].text == "a dented parcel"
    question = model.prompts[0][-1]
    assert question.text == "what happened to my parcel"
    assert [one["base64"] for one in image_blocks(question)] == [SHOWN]


def test_both_domains_of_a_message_see_its_picture() -> None:
    orders, returns = ScriptedChatModel(replies=["a"]), ScriptedChatModel(replies=["b"])
    graph = agent(orders=specialist("orders", orders), returns=specialist("returns", returns))
    text = {"type": "text", "text": "where is my parcel and how does a refund work"}

    graph.invoke({"messages": [HumanMessage([text, BLOCK])]}, thread("s"))

    assert all(image_blocks(model.prompts[0][-1]) for model in (orders, returns))


def test_a_model_that_takes_no_pictures_is_not_called() -> None:
    graph = agent(orders=specialist("orders", ReaderChatModel()))
    text = {"type": "text", "text": "what happened to my parcel"}

    with pytest.raises(InvalidInputError, match="takes none"):
        graph.invoke({"messages": [HumanMessage([text, BLOCK])]}, thread("s"))


@pytest.mark.parametrize("profile", [{"image_inputs": False}, {}], ids=["known", "unknown"])
def test_a_fallback_without_eyes_answers_from_the_text(profile: Any) -> None:
    down = ScriptedChatModel(replies=[ModelError("down")])
    blind = ScriptedChatModel(replies=[blindly("from the text")], profile=profile)
    graph = agent(orders=specialist("orders", down, fallbacks=[lambda: blind]))
    text = {"type": "text", "text": "what happened to my parcel"}

    state = graph.invoke({"messages": [HumanMessage([text, BLOCK])]}, thread("s"))

    assert state["messages"][-1].text == "from the text"
    assert state["answers"][0]["degraded"]
    assert not image_blocks(blind.prompts[0][-1])
    assert "an image was shown here" in blind.prompts[0][-1].text


def test_a_fallback_that_says_that_it_sees_is_shown_the_picture() -> None:
    down = ScriptedChatModel(replies=[ModelError("down")])
    sees = ScriptedChatModel(replies=["dented"], profile={"image_inputs": True})
    graph = agent(orders=specialist("orders", down, fallbacks=[lambda: sees]))
    text = {"type": "text", "text": "what happened to my parcel"}

    graph.invoke({"messages": [HumanMessage([text, BLOCK])]}, thread("s"))

    assert image_blocks(sees.prompts[0][-1])


BOTH = {"type": "text", "text": "where is my parcel and how does a refund work"}


@pytest.mark.parametrize("run_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("profile", [{"image_inputs": False}, {}], ids=["known", "unknown"])
async def test_a_domain_without_eyes_answers_its_part_of_a_message_from_the_text(
    profile: Any, run_async: bool
) -> None:
    sees = ScriptedChatModel(replies=["dented"], profile={"image_inputs": True})
    blind = ScriptedChatModel(replies=[blindly("in two weeks")], profile=profile)
    # The time until the first token makes an async run stream.
    returns = specialist("returns", blind, first_token_s=30)
    graph = agent(orders=specialist("orders", sees), returns=returns)
    given: Any = {"messages": [HumanMessage([BOTH, BLOCK])]}

    state = (
        await graph.ainvoke(given, thread("s")) if run_async else graph.invoke(given, thread("s"))
    )

    assert state["messages"][-1].text == "dented\n\nin two weeks"
    assert image_blocks(sees.prompts[0][-1])
    assert not image_blocks(blind.prompts[-1][-1])
    assert "an image was shown here" in blind.prompts[-1][-1].text
    assert not any(answer["degraded"] for answer in state["answers"])


def test_a_picture_that_no_domain_of_a_message_can_see_is_refused() -> None:
    blind = ScriptedChatModel(replies=["x"], profile={"image_inputs": False})
    graph = agent(orders=specialist("orders", blind), returns=specialist("returns", blind))

    with pytest.raises(InvalidInputError, match="takes none"):
        graph.invoke({"messages": [HumanMessage([BOTH, BLOCK])]}, thread("s"))
    assert not blind.prompts


def test_a_session_keeps_the_pictures_of_its_last_three_questions() -> None:
    graph = agent(InMemorySaver(), orders=specialist("orders", "yes"))
    for number in range(5):
        text = {"type": "text", "text": f"my parcel, picture {number}"}
        state = graph.invoke({"messages": [HumanMessage([text, BLOCK])]}, thread("s"))

    asked = [one for one in state["messages"] if isinstance(one, HumanMessage)]
    assert [bool(image_blocks(one)) for one in asked] == [False, False, True, True, True]
    assert asked[0].text == "my parcel, picture 0\n[an image was shown here]"


def test_a_follow_up_shows_the_picture_again() -> None:
    model = ScriptedChatModel(replies=["dented"])
    graph = agent(InMemorySaver(), orders=specialist("orders", model))
    text = {"type": "text", "text": "look at my parcel"}
    graph.invoke({"messages": [HumanMessage([text, BLOCK])]}, thread("s"))

    graph.invoke({"messages": [HumanMessage("is my parcel wet too")]}, thread("s"))

    assert [len(image_blocks(one)) for one in model.prompts[1]] == [0, 1, 0, 0]


def test_a_picture_goes_from_the_facade_to_a_vision_model_on_ollama(tmp_path: Path) -> None:
    sees = ["completion", "vision"]
    served = [ServedModel("llava:7b", EchoChatModel(), sees), ServedModel("llama3:8b")]
    with serve_ollama(served) as server:
        models = ModelRegistry(Settings(ollama_base_url=server.url))
        registered = {name: models.get(f"ollama://{name}") for name in ("llava:7b", "llama3:8b")}
        with make_agent(tmp_path, models=registered) as desk:
            desk.register_domain("photos", "Pictures", ["picture"], "fake://llava:7b")
            desk.register_domain("letters", "Letters", ["letter"], "fake://llama3:8b")

            seen = desk.process_request("describe the picture", {"images": [PNG]})
            with pytest.raises(InvalidInputError, match=r"ollama://llama3:8b.*takes no images"):
                desk.process_request("read the letter", {"images": [PNG]})

    assert "showed 1 image" in seen["response"]
    assert server.bodies("/api/chat")[0]["messages"][-1]["images"] == [SHOWN]
    assert len(server.bodies("/api/chat")) == 1
