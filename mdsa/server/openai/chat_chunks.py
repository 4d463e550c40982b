"""The pieces of a streamed chat completion."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from mdsa.core.result import RequestResult
from mdsa.server.event_stream import encode_event
from mdsa.server.openai.usage import CompletionUsage

__all__ = ["ChatChunks"]


@dataclass(frozen=True, slots=True)
class ChatChunks:
    """Writes the pieces of one answer, as server-sent events.

    Args:
        model: that was asked.
        tells_usage: the client asked for the tokens; then every piece has `usage`, as OpenAI's do.
    """

    model: str
    tells_usage: bool
    name: str = field(default_factory=lambda: f"chatcmpl-{uuid4().hex}", init=False)
    created: int = field(default_factory=lambda: int(time.time()), init=False)

    def piece(self, delta: dict[str, Any], finish_reason: str | None = None, **more: Any) -> bytes:
        """A piece of the answer; `more` stands beside OpenAI's fields."""
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}
        return self._chunk([choice], None, **more)

    def usage(self, result: RequestResult) -> bytes:
        """The last piece, without choices: the tokens of the whole turn."""
        return self._chunk([], CompletionUsage.of(result).model_dump())

    def _chunk(
        self, choices: list[dict[str, Any]], usage: dict[str, Any] | None, **more: Any
    ) -> bytes:
        chunk = {
            "id": self.name,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "choices": choices,
            **({"usage": usage} if self.tells_usage else {}),
            **more,
        }
        return encode_event(chunk)
