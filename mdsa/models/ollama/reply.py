"""Reads a streamed answer of Ollama: passes text on, makes calls of JSON, notices a missing end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk

from mdsa.errors import ModelUnavailableError
from mdsa.models.constrained_reply import ConstrainedReply

__all__ = ["ReplyReader"]

_RETRY_AFTER_S = 0.5


class ReplyReader:
    """One answer, chunk by chunk.

    Args:
        model: name on the server, for messages.
        constrained: tools whose calls stand in the text as JSON; empty where they do not.
    """

    def __init__(self, model: str, constrained: Sequence[Mapping[str, Any]] = ()) -> None:
        self._model = model
        self._json = ConstrainedReply(constrained) if constrained else None
        self._last: ChatGenerationChunk | None = None

    @property
    def read_tokens(self) -> int | None:
        """Prompt tokens as the server counted them; None before the end."""
        info = self._last.generation_info if self._last is not None else None
        return None if not info else info.get("prompt_eval_count")

    def feed(self, chunk: ChatGenerationChunk) -> list[ChatGenerationChunk]:
        """Take a chunk; gives what can be passed on by now. The last one waits for `finish`."""
        done = bool((chunk.generation_info or {}).get("done"))
        if done:
            self._last = chunk
        if self._json is not None:
            new = self._json.feed(chunk.text)
            return [ChatGenerationChunk(message=AIMessageChunk(content=new))] if new else []
        return [] if done else [chunk]

    def finish(self) -> ChatGenerationChunk:
        """The last chunk, with calls and usage.

        Raises:
            ModelUnavailableError: the answer ended before its end.
        """
        if self._last is None:
            raise ModelUnavailableError(
                f"Ollama ended its answer for model {self._model!r} before it was done; see the "
                "server's log, where running out of memory is the usual reason.",
                retry_after_s=_RETRY_AFTER_S,
            )
        if self._json is None:
            return self._last
        reply = self._json.finish()
        ending = AIMessageChunk(
            content=reply.content,
            tool_calls=reply.tool_calls,
            invalid_tool_calls=reply.invalid_tool_calls,
            usage_metadata=self._last.message.usage_metadata,  # type: ignore[attr-defined]  # an AIMessageChunk
        )
        return ChatGenerationChunk(message=ending, generation_info=self._last.generation_info)
