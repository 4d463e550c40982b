"""Refuses images that a model on an Ollama server cannot take, before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence

from langchain_core.messages import BaseMessage

from mdsa.errors import InvalidInputError
from mdsa.models.images import image_blocks
from mdsa.models.ollama.capabilities import OllamaCapabilities

__all__ = ["check_images"]


def check_images(
    model: str, messages: Sequence[BaseMessage], known: OllamaCapabilities | None
) -> None:
    """Check the images of a conversation.

    Raises:
        InvalidInputError: the model takes none, or one is not given as base64.
    """
    blocks = [block for message in messages for block in image_blocks(message)]
    if not blocks:
        return
    if known is not None and known.vision is False:
        raise InvalidInputError(
            f"model 'ollama://{model}' takes no images; use one that does, such as "
            "ollama://qwen2.5vl:7b or ollama://gemma3:4b, or leave the image out."
        )
    for block in blocks:
        if not block.get("base64"):
            given = f"the address {block['url']!r}" if block.get("url") else "no data"
            raise InvalidInputError(
                f"an image for model 'ollama://{model}' is given as {given}; Ollama fetches "
                "nothing, so pass its content as base64."
            )
