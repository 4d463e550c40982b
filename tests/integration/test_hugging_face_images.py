"""Images in messages to an `hf://` image-text model with random weights."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from fakes.tiny_language_models import save_image_model
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage
from PIL import Image

from mdsa.errors import InvalidInputError
from mdsa.models import ModelRegistry
from mdsa.models.hugging_face.generation import Request, write_reply
from mdsa.models.hugging_face.weights import LoadedModel
from mdsa.settings import Settings


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> BaseChatModel:
    folder: Path = save_image_model(tmp_path_factory.mktemp("llava"))
    return ModelRegistry(Settings(device="cpu")).get(str(folder), temperature=0, max_tokens=6)


def _png(color: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (20, 30), color).save(file, "PNG")
    return file.getvalue()


def _block(file: bytes) -> dict[str, Any]:
    data = base64.b64encode(file).decode()
    return {"type": "image", "base64": data, "mime_type": "image/png"}


def _picture(color: str) -> dict[str, Any]:
    return _block(_png(color))


def _claiming(width: int, height: int) -> dict[str, Any]:
    """A small PNG whose header gives another size."""
    header = b"IHDR" + struct.pack(">II", width, height) + _png("red")[24:29]
    start = _png("red")[:12]
    return _block(start + header + struct.pack(">I", zlib.crc32(header)) + _png("red")[33:])


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
        ({"type": "image", "base64": "a", "mime_type": "image/png"}, "base64 is broken"),
        (_block(_png("red")[:-30]), "file is damaged"),
        (_block(_png("red").replace(b"IDAT", b"ID\x00T")), "file is damaged"),
        # Pillow opens the first, warns of the second and refuses the third.
        (_claiming(8000, 8000), "8000 x 8000 pixels. Send at most 40,000,000"),
        (_claiming(10000, 10000), "too large.* Send at most 40,000,000"),
        (_claiming(15000, 15000), "too large.* Send at most 40,000,000"),
        ({"type": "audio", "base64": "aGk=", "mime_type": "audio/wav"}, "text and images only"),
    ],
)
def test_what_cannot_be_seen_is_refused(
    model: BaseChatModel, block: dict[str, Any], reason: str
) -> None:
    with pytest.raises(InvalidInputError, match=reason):
        _ask(model, block)


class _RefusingProcessor:
    """Refuses every picture, as Qwen's do a very narrow one."""

    chat_template = "{{ messages }}"
    added_tokens_decoder: dict[int, object] = {}  # noqa: RUF012 - nothing changes it
    all_special_tokens: tuple[str, ...] = ()
    all_special_ids: tuple[int, ...] = ()

    def apply_chat_template(self, _turns: object, **_options: object) -> str:
        return "What is it?"

    def __call__(self, **_inputs: object) -> None:
        raise ValueError("absolute aspect ratio must be smaller than 200")


def test_what_the_processor_refuses_is_told() -> None:
    refusing = _RefusingProcessor()
    message = HumanMessage(content_blocks=[_picture("red")])  # type: ignore[list-item]  # a block
    loaded = LoadedModel(refusing, None, refusing)

    with pytest.raises(InvalidInputError, match=r"20 x 30 pixels\): absolute aspect ratio"):
        write_reply(loaded, Request([message], max_tokens=5), lambda _part: None, Event())
