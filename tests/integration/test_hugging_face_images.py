"""Images in messages to an `hf://` image-text model with random weights."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import pytest
from fakes.tiny_language_models import save_image_model
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage
from PIL import Image

from mdsa.errors import ModelError
from mdsa.models import ModelRegistry
from mdsa.settings import Settings


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> BaseChatModel:
    folder: Path = save_image_model(tmp_path_factory.mktemp("llava"))
    return ModelRegistry(Settings(device="cpu")).get(str(folder), temperature=0, max_tokens=6)


def _picture(color: str) -> dict[str, Any]:
    file = io.BytesIO()
    Image.new("RGB", (20, 30), color).save(file, "PNG")
    data = base64.b64encode(file.getvalue()).decode()
    return {"type": "image", "base64": data, "mime_type": "image/png"}


def _ask(model: BaseChatModel, *blocks: dict[str, Any]) -> AIMessage:
    content: Any = [{"type": "text", "text": "What is it?"}, *blocks]
    reply = model.invoke([HumanMessage(content_blocks=content)])
    assert isinstance(reply, AIMessage)
    return reply


def _read(reply: AIMessage) -> int:
    assert reply.usage_metadata is not None
    return reply.usage_metadata["input_tokens"]


def test_every_image_takes_its_place_in_the_prompt(model: BaseChatModel) -> None:
    none, one, two = (_read(_ask(model, *[_picture("red")] * count)) for count in range(3))

    assert (one - none, two - one) == (4, 4)


def test_the_profile_says_that_images_are_taken(model: BaseChatModel) -> None:
    assert model.profile is not None
    assert model.profile["image_inputs"] is True


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        ({"type": "image", "url": "https://example.org/cat.png"}, "fetch nothing"),
        ({"type": "image", "base64": "aGVsbG8=", "mime_type": "image/png"}, "cannot be read"),
        ({"type": "audio", "base64": "aGk=", "mime_type": "audio/wav"}, "text and images only"),
    ],
)
def test_what_cannot_be_seen_is_refused(
    model: BaseChatModel, block: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ModelError, match=reason):
        _ask(model, block)
