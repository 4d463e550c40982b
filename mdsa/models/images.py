"""Images in messages: LangChain's standard content blocks, and whether a model takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage

__all__ = ["has_images", "image_blocks", "refuses_images"]


def image_blocks(message: BaseMessage) -> list[dict[str, Any]]:
    """The images of a message as standard blocks, whatever provider's form they came in."""
    if isinstance(message.content, str):
        return []
    return [dict(block) for block in message.content_blocks if block["type"] == "image"]


def has_images(messages: Sequence[BaseMessage]) -> bool:
    """Tell whether any message holds an image."""
    return any(image_blocks(message) for message in messages)


def refuses_images(model: BaseChatModel) -> bool:
    """Tell whether a model is known to take no images; one that says nothing may take them."""
    profile: Mapping[str, Any] = model.profile or {}
    return profile.get("image_inputs") is False
