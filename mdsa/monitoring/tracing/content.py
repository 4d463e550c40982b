"""What was said, as OpenTelemetry's conventions for generative AI write it: JSON of messages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from langchain_core.documents import Document
from langchain_core.messages import AIMessage, BaseMessage, SystemMessage, ToolMessage

__all__ = ["input_messages", "output_message", "passages", "spoken", "system_instructions"]

_ROLES = {"human": "user", "ai": "assistant"}


def spoken(role: str, text: str, **more: str) -> str:
    """One message of text."""
    return _json([{"role": role, "parts": [_text(text)], **more}])


def input_messages(messages: Iterable[BaseMessage]) -> str:
    """What a model was asked, without its instructions."""
    return _json([_message(item) for item in messages if not isinstance(item, SystemMessage)])


def system_instructions(messages: Iterable[BaseMessage]) -> str:
    """What a model was told to be."""
    return _json([_text(item.text) for item in messages if isinstance(item, SystemMessage)])


def output_message(message: BaseMessage, finish_reason: str) -> str:
    """What a model answered."""
    return _json([{**_message(message), "finish_reason": finish_reason}])


def passages(documents: Sequence[Document]) -> str:
    """What was found, best first."""
    return _json([{"id": item.id, "content": item.page_content} for item in documents])


def _message(message: BaseMessage) -> dict[str, Any]:
    if isinstance(message, ToolMessage):
        answer = {
            "type": "tool_call_response",
            "id": message.tool_call_id,
            "response": message.text,
        }
        return {"role": "tool", "parts": [answer]}
    parts: list[dict[str, Any]] = [_text(message.text)] if message.text else []
    if isinstance(message, AIMessage):
        parts += [
            {
                "type": "tool_call",
                "id": call["id"],
                "name": call["name"],
                "arguments": call["args"],
            }
            for call in message.tool_calls
        ]
    return {"role": _ROLES.get(message.type, message.type), "parts": parts}


def _text(text: object) -> dict[str, str]:
    return {"type": "text", "content": str(text)}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
