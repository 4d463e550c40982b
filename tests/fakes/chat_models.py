"""A chat model that says what a test wrote down, through the whole interface of a real one."""

from __future__ import annotations

import inspect
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolCall
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field, PrivateAttr

Reply = str | AIMessage | BaseException | Callable[[list[BaseMessage]], Any]
"""Text, a message, an error to raise, or a function of the prompt; the function may be async."""


def calls(*tool_calls: tuple[str, str | None, dict[str, Any]], text: str = "") -> AIMessage:
    """A reply that calls tools, each given as (name, call id, arguments)."""
    made = [ToolCall(name=name, id=call_id, args=args) for name, call_id, args in tool_calls]
    return AIMessage(text, tool_calls=made)


class ScriptedChatModel(BaseChatModel):
    """Gives its replies in order, and the last one for ever after.

    `prompts` holds what it was asked, `offered` the names of the tools that came with it.
    """

    replies: list[Any] = Field(min_length=1)
    prompts: list[list[BaseMessage]] = Field(default_factory=list)
    offered: list[list[str]] = Field(default_factory=list)
    _calls: int = PrivateAttr(default=0)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: str | None = None, **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)

    def _next(self, messages: list[BaseMessage], options: dict[str, Any]) -> Any:
        reply = self.replies[min(self._calls, len(self.replies) - 1)]
        self._calls += 1
        self.prompts.append(list(messages))
        self.offered.append([tool["function"]["name"] for tool in options.get("tools", [])])
        if isinstance(reply, BaseException):
            raise reply
        return reply(messages) if callable(reply) else reply

    @staticmethod
    def _message(reply: Any) -> AIMessage:
        return AIMessage(reply) if isinstance(reply, str) else reply.model_copy(deep=True)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        message = self._message(self._next(messages, kwargs))
        return ChatResult(generations=[ChatGeneration(message=message)])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        reply = self._next(messages, kwargs)
        message = self._message(await reply if inspect.isawaitable(reply) else reply)
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in _chunks(self._message(self._next(messages, kwargs))):
            if run_manager:
                run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        reply = self._next(messages, kwargs)
        for chunk in _chunks(self._message(await reply if inspect.isawaitable(reply) else reply)):
            if run_manager:
                await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk


def _chunks(message: AIMessage) -> Iterator[ChatGenerationChunk]:
    """The words of a message one by one; its tool calls and metadata come last."""
    words = str(message.text).split(" ") if message.text else []
    for number, word in enumerate(words):
        yield ChatGenerationChunk(message=AIMessageChunk(word if number == 0 else f" {word}"))
    yield ChatGenerationChunk(
        message=AIMessageChunk(
            "",
            tool_call_chunks=[
                {
                    "name": call["name"],
                    "args": json.dumps(call["args"]),
                    "id": call["id"],
                    "index": index,
                    "type": "tool_call_chunk",
                }
                for index, call in enumerate(message.tool_calls)
            ],
            response_metadata=message.response_metadata,
            usage_metadata=message.usage_metadata,
            chunk_position="last",
        )
    )
