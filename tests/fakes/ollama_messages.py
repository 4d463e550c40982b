"""Messages of Ollama's API as LangChain's, and what Ollama leaves of a prompt that is too long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.messages.utils import count_tokens_approximately


def to_langchain(messages: Sequence[dict[str, Any]]) -> list[BaseMessage]:
    """The conversation of a request."""
    return [_read(message) for message in messages]


def fitted(messages: list[BaseMessage], window: int) -> tuple[list[BaseMessage], int]:
    """What the model reads, and its tokens: oldest messages go first, then the last one is cut."""
    for first in range(len(messages)):
        system = [one for one in messages[:first] if isinstance(one, SystemMessage)]
        kept = [*system, *messages[first:]]
        count = count_tokens_approximately(kept)
        if count < window:
            return kept, count
    last = messages[-1]
    return [*kept[:-1], type(last)(str(last.text)[: 4 * window])], window - 1


def _read(message: dict[str, Any]) -> BaseMessage:
    role, text = message["role"], message.get("content") or ""
    if role == "system":
        return SystemMessage(text)
    if role == "tool":
        return ToolMessage(text, tool_call_id=message.get("tool_call_id") or "call")
    if role == "assistant":
        calls = [
            {
                "name": call["function"]["name"],
                "args": call["function"]["arguments"],
                "id": call.get("id") or f"call_{number}",
                "type": "tool_call",
            }
            for number, call in enumerate(message.get("tool_calls") or [])
        ]
        return AIMessage(text, tool_calls=calls)
    images = message.get("images") or []
    if not images:
        return HumanMessage(text)
    blocks = [{"type": "image", "base64": image, "mime_type": "image/png"} for image in images]
    return HumanMessage(content_blocks=[{"type": "text", "text": text}, *blocks])
