"""Reads a streamed answer of Ollama: passes text on, makes calls of JSON, notices a missing end."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk

from mdsa.errors import ModelUnavailableError
from mdsa.models.tool_schema import read_reply

__all__ = ["ReplyReader"]

_ANSWER_BEGUN = re.compile(r'\s*\{\s*"answer"\s*:\s*"')


class ReplyReader:
    """One answer, chunk by chunk.

    Args:
        model: name on the server, for messages.
        constrained: tools whose calls stand in the text as JSON; empty where they do not.
    """

    def __init__(self, model: str, constrained: Sequence[Mapping[str, Any]] = ()) -> None:
        self._model = model
        self._tools = constrained
        self._text = ""
        self._told = ""
        self.last: ChatGenerationChunk | None = None

    @property
    def read_tokens(self) -> int | None:
        """Prompt tokens as the server counted them; None before the end."""
        info = self.last.generation_info if self.last is not None else None
        return None if not info else info.get("prompt_eval_count")

    def feed(self, chunk: ChatGenerationChunk) -> list[ChatGenerationChunk]:
        """Take a chunk; gives what can be passed on by now. The last one waits for `finish`."""
        done = bool((chunk.generation_info or {}).get("done"))
        if self._tools:
            self._text += chunk.text
            passed = self._answer_so_far()
            if done:
                self.last = chunk
            return passed
        if done:
            self.last = chunk
            return []
        return [chunk]

    def finish(self) -> ChatGenerationChunk:
        """The last chunk, with calls and usage.

        Raises:
            ModelUnavailableError: the answer ended before its end.
        """
        if self.last is None:
            raise ModelUnavailableError(
                f"Ollama ended its answer for model {self._model!r} before it was done; see the "
                "server's log, where running out of memory is the usual reason."
            )
        if not self._tools:
            return self.last
        reply = read_reply(self._text, self._tools)
        ending = AIMessageChunk(
            content=reply.content.removeprefix(self._told),
            tool_calls=reply.tool_calls,
            invalid_tool_calls=reply.invalid_tool_calls,
            usage_metadata=self.last.message.usage_metadata,  # type: ignore[attr-defined]  # an AIMessageChunk
        )
        return ChatGenerationChunk(message=ending, generation_info=self.last.generation_info)

    def _answer_so_far(self) -> list[ChatGenerationChunk]:
        if not _ANSWER_BEGUN.match(self._text):
            return []
        answer = read_reply(self._text, self._tools).content
        if not answer.startswith(self._told) or answer == self._told:
            return []
        new, self._told = answer.removeprefix(self._told), answer
        return [ChatGenerationChunk(message=AIMessageChunk(content=new))]
