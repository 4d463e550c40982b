"""What was said, as OpenTelemetry's conventions for generative AI write it: JSON of messages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from langchain_core.documents import Document
from langchain_core.messages import AIMessage, BaseMessage, SystemMessage, ToolMessage

from mdsa.utils.pii import Redact, redact_within

__all__ = ["Content"]

_ROLES = {"human": "user", "ai": "assistant"}


class Content:
    """Writes what was said.

    Args:
        redact: applied to every text.
    """

    def __init__(self, redact: Redact | None = None) -> None:
        self._redact = redact

    def text(self, text: str) -> str:
        """A text alone."""
        return text if self._redact is None else self._redact(text)

    def spoken(self, role: str, text: str, **more: str) -> str:
        """One message of text."""
        return self._json([{"role": role, "parts": [_text(text)], **more}])

    def input_messages(self, messages: Iterable[BaseMessage]) -> str:
        """What a model was asked, without its instructions."""
        told = [_message(item) for item in messages if not isinstance(item, SystemMessage)]
        return self._json(told)

    def system_instructions(self, messages: Iterable[BaseMessage]) -> str:
        """What a model was told to be."""
        return self._json(
            [_text(item.text) for item in messages if isinstance(item, SystemMessage)]
        )

    def output_message(self, message: BaseMessage, finish_reason: str) -> str:
        """What a model answered."""
        return self._json([{**_message(message), "finish_reason": finish_reason}])

    def passages(self, documents: Sequence[Document]) -> str:
        """What was found, best first."""
        return self._json([{"id": item.id, "content": item.page_content} for item in documents])

    def _json(self, value: Any) -> str:
        if self._redact is not None:
            value = redact_within(value, self._redact, frozenset({"id"}))
        return json.dumps(value, ensure_ascii=False, default=str)


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
