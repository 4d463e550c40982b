"""`embedded://reader`: a chat model that answers with the words of the passages it is given."""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any, ClassVar, Literal

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel, LangSmithParams, LanguageModelInput
from langchain_core.language_models.model_profile import ModelProfile
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolCall
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call, tool_call_chunk
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field, PrivateAttr

from mdsa.models.reader.encoder import ReaderEncoders
from mdsa.models.reader.prompt import read_conversation
from mdsa.models.reader.reply import Limits, Reply, compose
from mdsa.models.reader.tool_choice import Tool
from mdsa.models.stream_words import stream_words
from mdsa.models.tool_schema import read_tool_choice, tool_names
from mdsa.utils.compute import compute

__all__ = ["ReaderChatModel"]

_MODEL = "embedded://reader"


class ReaderChatModel(BaseChatModel):
    """Answers from the `<passages>` of the prompt, verbatim, or says that it found nothing.

    It needs no weights beyond the sentence encoder, and no network. It also picks a bound tool
    and fills its arguments from the message; every value comes from the conversation. See
    `mdsa.models.passages` for the form of passages and facts, and `read_conversation` for where
    they are looked for. `temperature` changes nothing: there is nothing to sample.
    """

    whole_at_once: ClassVar[bool] = True
    """The reply is there before its first word is: a wait for that would only break it up."""

    embeddings: Embeddings | None = Field(
        default=None,
        exclude=True,
        description="Sentence encoder; None loads those that ship at the first use.",
    )
    threshold: float = Field(
        default=0.16,
        ge=0,
        le=1,
        description="Probability below which the best sentence is no answer.",
    )
    max_sentences: int = Field(default=3, ge=1, description="Most sentences to one question.")
    abstention: str = Field(
        default="I could not find that in my documents.",
        description="Said when no passage answers.",
    )
    partial_abstention: str = Field(
        default="I could not find the rest in my documents.",
        description="Said after an answer to only a part of the questions.",
    )
    temperature: float | None = Field(default=None, description="Accepted; has no effect.")
    max_tokens: int | None = Field(
        default=None, gt=0, description="Longest answer, in approximate tokens; cut between words."
    )
    stop: list[str] | None = Field(default=None, description="Texts before which an answer ends.")

    _encoders: ReaderEncoders | None = PrivateAttr(default=None)
    _lock: threading.Lock = PrivateAttr(default_factory=threading.Lock)

    def _resolve_model_profile(self) -> ModelProfile:
        return ModelProfile(tool_calling=True, tool_choice=True, image_inputs=False)

    @property
    def _llm_type(self) -> str:
        return "mdsa-reader"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {
            "model_name": _MODEL,
            "threshold": self.threshold,
            "max_sentences": self.max_sentences,
        }

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = super()._get_ls_params(stop=stop or self.stop, **kwargs)
        params["ls_provider"] = "mdsa"
        params["ls_model_name"] = kwargs.get("model", _MODEL)
        if self.temperature is not None:
            params["ls_temperature"] = self.temperature
        if self.max_tokens is not None:
            params["ls_max_tokens"] = self.max_tokens
        return params

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | dict[str, Any] | bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Bind tools.

        Args:
            tools: anything that `convert_to_openai_tool` takes.
            tool_choice: `auto` (the default), `none`, `any` or `required` or True for some tool,
                or a tool's name, also as `{"type": "function", "function": {"name": …}}`. Even a
                forced call is not made with arguments that the conversation does not hold: the
                reply then asks for them.
            kwargs: bound as they are.

        Raises:
            InvalidInputError: `tool_choice` names no bound tool, or asks for one where none is.
        """
        schemas = [convert_to_openai_tool(tool) for tool in tools]
        choice = read_tool_choice(tool_choice, tool_names(schemas))
        return self.bind(tools=schemas, tool_choice=choice, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> ChatResult:
        return self._result(*self._reply(messages, stop, kwargs))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> ChatResult:
        return self._result(*await compute(self._reply, messages, stop, kwargs))

    def _result(
        self, reply: Reply, text: str, calls: list[ToolCall], usage: UsageMetadata
    ) -> ChatResult:
        message = AIMessage(
            content=text,
            tool_calls=calls,
            usage_metadata=usage,
            response_metadata=_metadata(reply, calls),
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in _pieces(*self._reply(messages, stop, kwargs)):
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
        # The base class would change threads for every word.
        for chunk in _pieces(*await compute(self._reply, messages, stop, kwargs)):
            if run_manager:
                await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk

    def _reply(
        self, messages: list[BaseMessage], stop: list[str] | None, kwargs: dict[str, Any]
    ) -> tuple[Reply, str, list[ToolCall], UsageMetadata]:
        tool_choice = str(kwargs.get("tool_choice") or "auto")
        tools = [Tool.from_openai(schema) for schema in kwargs.get("tools") or ()]
        reply = compose(
            read_conversation(messages),
            [] if tool_choice == "none" else tools,
            self._load_encoders(),
            Limits(
                threshold=self.threshold,
                max_sentences=self.max_sentences,
                abstention=self.abstention,
                partial_abstention=self.partial_abstention,
            ),
            forced=None if tool_choice in ("auto", "none") else tool_choice,
        )
        text = _cut(reply.text, stop or self.stop or [], kwargs.get("max_tokens", self.max_tokens))
        calls = [
            tool_call(name=name, args=args, id=f"call_{uuid.uuid4().hex[:12]}")
            for name, args in reply.calls
        ]
        sent = count_tokens_approximately(messages)
        made = count_tokens_approximately([AIMessage(content=text, tool_calls=calls)])
        usage = UsageMetadata(input_tokens=sent, output_tokens=made, total_tokens=sent + made)
        return reply, text, calls, usage

    def _load_encoders(self) -> ReaderEncoders:
        with self._lock:
            if self._encoders is None:
                self._encoders = ReaderEncoders.of(self.embeddings)
            return self._encoders


def _pieces(
    reply: Reply, text: str, calls: list[ToolCall], usage: UsageMetadata
) -> Iterator[ChatGenerationChunk]:
    """The reply as a stream: word by word, the calls and all else last."""
    for word in stream_words(text):
        yield ChatGenerationChunk(message=AIMessageChunk(content=word))
    yield ChatGenerationChunk(
        message=AIMessageChunk(
            content="",
            tool_call_chunks=[
                tool_call_chunk(
                    name=call["name"], args=json.dumps(call["args"]), id=call["id"], index=index
                )
                for index, call in enumerate(calls)
            ],
            usage_metadata=usage,
            response_metadata=_metadata(reply, calls),
            chunk_position="last",
        )
    )


def _metadata(reply: Reply, calls: list[ToolCall]) -> dict[str, Any]:
    finish: Literal["tool_calls", "stop"] = "tool_calls" if calls else "stop"
    return {
        "model_name": _MODEL,
        "abstained": reply.abstained,
        "passage_ids": list(reply.passages),
        "asked_for": list(reply.asked_for),
        "finish_reason": finish,
    }


def _cut(text: str, stop: Sequence[str], max_tokens: int | None) -> str:
    for mark in stop:
        text = text.split(mark, 1)[0] if mark else text
    if max_tokens is None or count_tokens_approximately([AIMessage(content=text)]) <= max_tokens:
        return text
    words = list(re.finditer(r"\S+", text))
    low, high = 1, len(words)  # at least one word
    while low < high:
        middle = (low + high + 1) // 2
        part = text[: words[middle - 1].end()]
        if count_tokens_approximately([AIMessage(content=part)]) <= max_tokens:
            low = middle
        else:
            high = middle - 1
    return text[: words[low - 1].end()] if words else text
