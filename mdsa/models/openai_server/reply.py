"""Reads the answers of a server: makes calls of JSON, and notices a missing end."""

from __future__ import annotations

from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from mdsa.errors import ModelUnavailableError
from mdsa.models.constrained_reply import ConstrainedReply
from mdsa.models.tool_request import ToolRequest

__all__ = ["ReplyReader", "with_calls"]


class ReplyReader:
    """A streamed answer, chunk by chunk."""

    def __init__(self, model: str, request: ToolRequest) -> None:
        self._model = model
        self._json = ConstrainedReply(request.constrained) if request.constrained else None
        self._finished = False

    def feed(self, chunk: ChatGenerationChunk) -> list[ChatGenerationChunk]:
        """Take a chunk; gives what can be passed on."""
        self._finished |= bool((chunk.generation_info or {}).get("finish_reason"))
        if self._json is None:
            return [chunk]
        new = self._json.feed(chunk.text)
        message = chunk.message.model_copy(update={"content": new})
        return [ChatGenerationChunk(message=message, generation_info=chunk.generation_info)]

    def finish(self) -> list[ChatGenerationChunk]:
        """What is left when the stream ends.

        Raises:
            ModelUnavailableError: the answer ended before its end.
        """
        if not self._finished:
            raise ModelUnavailableError(
                f"the server ended its answer for model {self._model!r} before it was done; see "
                "its log.",
                retry_after_s=0.5,
            )
        if self._json is None:
            return []
        reply = self._json.finish()
        ending = AIMessageChunk(
            content=reply.content,
            tool_calls=reply.tool_calls,
            invalid_tool_calls=reply.invalid_tool_calls,
        )
        return [ChatGenerationChunk(message=ending)]


def with_calls(result: ChatResult, request: ToolRequest) -> ChatResult:
    """A whole answer, with the calls that stand in its text as JSON."""
    if not request.constrained:
        return result
    (generation,) = result.generations
    reading = ConstrainedReply(request.constrained)
    said = reading.feed(str(generation.message.text))
    reply = reading.finish()
    message = generation.message.model_copy(
        update={
            "content": said + reply.content,
            "tool_calls": reply.tool_calls,
            "invalid_tool_calls": reply.invalid_tool_calls,
        }
    )
    whole = ChatGeneration(message=message, generation_info=generation.generation_info)
    return ChatResult(generations=[whole], llm_output=result.llm_output)
