"""`hf://`: a chat model over a language model that runs in this process."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import (
    BaseChatModel,
    LangSmithParams,
    LanguageModelInput,
    ModelProfile,
)
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from mdsa.models.hugging_face.background import Work, aiterate, iterate
from mdsa.models.hugging_face.call_reader import Part
from mdsa.models.hugging_face.generation import Finish, Request, write_reply
from mdsa.models.hugging_face.structured_output import (
    read_response_format,
    structured,
)
from mdsa.models.hugging_face.weights import LocalWeights
from mdsa.models.memory_budget import MemoryBudget
from mdsa.models.tool_schema import (
    MAX_CALLS,
    ToolLike,
    as_openai_tools,
    call_chunk,
    read_tool_choice,
    tool_names,
)

__all__ = ["HuggingFaceChatModel"]


class HuggingFaceChatModel(BaseChatModel):
    """Generates with transformers, on weights that are on this machine already.

    Calls of tools and structured output are constrained: their JSON is always whole and fits its
    schema, also with a weak model. Every call may raise ModelUnavailableError where the weights are
    not there, with the command that downloads them. One answer at a time is generated for each set
    of weights; async calls leave the event loop free, and cancelling one ends its generation at
    the next token.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    weights: LocalWeights = Field(exclude=True, description="Weights and tokenizer.")
    memory: MemoryBudget = Field(exclude=True, description="Holds the weights in memory.")
    temperature: float | None = Field(
        default=None, ge=0, description="Randomness; None and 0 take the likeliest token."
    )
    top_p: float | None = Field(
        default=None, gt=0, le=1, description="Share of probability that chance chooses among."
    )
    top_k: int | None = Field(
        default=None, gt=0, description="Number of tokens that chance chooses among."
    )
    seed: int | None = Field(default=None, description="Makes chance repeatable.")
    max_tokens: int = Field(default=512, gt=0, description="Longest answer, in tokens.")
    stop: list[str] | None = Field(default=None, description="Texts before which an answer ends.")
    _tokenizer: Any = PrivateAttr(default=None)

    @property
    def _llm_type(self) -> str:
        return "mdsa-huggingface"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {
            "model_name": self.weights.name,
            "temperature": self.temperature,
            "top_p": self.top_p,
            "top_k": self.top_k,
            "seed": self.seed,
            "max_tokens": self.max_tokens,
        }

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = super()._get_ls_params(stop=stop or self.stop, **kwargs)
        params["ls_provider"] = "huggingface"
        params["ls_model_name"] = kwargs.get("model", self.weights.source)
        return params

    def _resolve_model_profile(self) -> ModelProfile | None:
        profile = ModelProfile(tool_calling=True, structured_output=True)
        try:
            config = self.weights.config
        except OSError:  # not on this machine yet
            return profile
        profile["image_inputs"] = "vision_config" in config
        text = config.get("text_config", config)
        if isinstance(length := text.get("max_position_embeddings"), int):
            profile["max_input_tokens"] = length
        return profile

    def get_token_ids(self, text: str) -> list[int]:
        """Tokens of a text, by the model's own tokenizer."""
        if self._tokenizer is None:
            self._tokenizer = self.weights.read_tokenizer()
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def bind_tools(
        self,
        tools: Sequence[ToolLike],
        *,
        tool_choice: str | dict[str, Any] | bool | None = None,
        parallel_tool_calls: bool = True,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Let the model call tools.

        Args:
            tools: functions, LangChain tools, pydantic models or OpenAI's dicts.
            tool_choice: `auto` (the default), `none`, `any` or `required` or True for some tool,
                or the name of one.
            parallel_tool_calls: whether one reply may hold several calls.
            **kwargs: passed on; `strict` has no effect, since all arguments are held to schema.

        Raises:
            InvalidInputError: a tool cannot be used, or `tool_choice` names none of them.
        """
        made = as_openai_tools(tools)
        choice = read_tool_choice(tool_choice, tool_names(made))
        kwargs.pop("strict", None)
        if not parallel_tool_calls:
            kwargs["max_calls"] = 1
        return self.bind(tools=made, tool_choice=choice, **kwargs)

    def with_structured_output(
        self,
        schema: dict[str, Any] | type,
        *,
        include_raw: bool = False,
        method: str = "json_schema",
        strict: bool | None = None,  # noqa: ARG002 - always strict
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, dict[str, Any] | BaseModel]:
        """Answer with JSON of a schema; the model can write nothing else.

        Args:
            schema: a pydantic model, a TypedDict or a JSON schema.
            include_raw: give `raw`, `parsed` and `parsing_error` instead of the answer.
            method: of no effect, since the output is constrained whatever it is called.
            strict: likewise.
            **kwargs: there are no others.

        Raises:
            InvalidInputError: the schema is none, or an argument is unknown.
        """
        return structured(self, schema, include_raw=include_raw, method=method, unknown=kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> ChatResult:
        parts: list[Part | Finish] = []
        self._write(self._request(messages, stop, kwargs), parts.append, threading.Event())
        return self._result(parts)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> ChatResult:
        request = self._request(messages, stop, kwargs)
        return self._result([part async for part in aiterate(self._work(request))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        request = self._request(messages, stop, kwargs)
        calls = 0
        for part in iterate(self._work(request)):
            chunk = self._chunk(part, calls)
            calls += isinstance(part, dict)
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
        request = self._request(messages, stop, kwargs)
        calls = 0
        async for part in aiterate(self._work(request)):
            chunk = self._chunk(part, calls)
            calls += isinstance(part, dict)
            if run_manager:
                await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk

    def _request(
        self, messages: list[BaseMessage], stop: list[str] | None, kwargs: Mapping[str, Any]
    ) -> Request:
        tools = as_openai_tools(kwargs.get("tools") or [])
        return Request(
            messages,
            max_tokens=int(kwargs.get("max_tokens") or self.max_tokens),
            tools=tools,
            choice=read_tool_choice(kwargs.get("tool_choice"), tool_names(tools)),
            answer=read_response_format(kwargs.get("response_format")),
            stop=stop or self.stop or (),
            temperature=kwargs.get("temperature", self.temperature),
            top_p=kwargs.get("top_p", self.top_p),
            top_k=kwargs.get("top_k", self.top_k),
            seed=kwargs.get("seed", self.seed),
            max_calls=int(kwargs.get("max_calls") or MAX_CALLS),
        )

    def _work(self, request: Request) -> Work[Part | Finish]:
        return lambda emit, cancelled: self._write(request, emit, cancelled)

    def _write(
        self,
        request: Request,
        emit: Callable[[Part | Finish], None],
        cancelled: threading.Event,
    ) -> None:
        # The lock comes first: calls that wait for it do not keep other models out of memory.
        with self.weights.generating:
            if cancelled.is_set():
                return
            with self.memory.using(self.weights) as loaded:
                emit(write_reply(loaded, request, emit, cancelled))

    def _result(self, parts: Sequence[Part | Finish]) -> ChatResult:
        texts = [part for part in parts if isinstance(part, str)]
        calls = [part for part in parts if isinstance(part, dict)]
        finish = parts[-1]
        if not isinstance(finish, Finish):
            raise RuntimeError("a reply ended without its finish")
        message = AIMessage(
            content="".join(texts),
            tool_calls=[call for call in calls if call["type"] == "tool_call"],
            invalid_tool_calls=[call for call in calls if call["type"] == "invalid_tool_call"],
            usage_metadata=_usage(finish),
            response_metadata=self._metadata(finish, called=bool(calls)),
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _chunk(self, part: Part | Finish, calls: int) -> ChatGenerationChunk:
        if isinstance(part, Finish):
            message = AIMessageChunk(
                content="",
                usage_metadata=_usage(part),
                response_metadata=self._metadata(part, called=calls > 0),
                chunk_position="last",
            )
        elif isinstance(part, str):
            message = AIMessageChunk(content=part)
        else:
            message = AIMessageChunk(content="", tool_call_chunks=[call_chunk(part, calls)])
        return ChatGenerationChunk(message=message)

    def _metadata(self, finish: Finish, *, called: bool) -> dict[str, Any]:
        reason = "tool_calls" if called and finish.reason == "stop" else finish.reason
        return {"model_name": self.weights.name, "finish_reason": reason}


def _usage(finish: Finish) -> UsageMetadata:
    read, written = finish.input_tokens, finish.output_tokens
    return UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written)
