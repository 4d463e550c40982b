"""`embedded://smollm2`: a chat model of 135 million parameters in this process."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LangSmithParams, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, InvalidToolCall
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import ToolCall
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from pydantic import ConfigDict, Field

from mdsa.models.memory_budget import MemoryBudget
from mdsa.models.smollm2.calls import has_results, list_schema, read_list
from mdsa.models.smollm2.engine import Sampling
from mdsa.models.smollm2.grounded import GroundedAnswer, ground, sources_of
from mdsa.models.smollm2.prompt import END, answer_prompt, call_prompt
from mdsa.models.smollm2.weights import SmolLM2Weights
from mdsa.models.tool_schema import (
    Reply,
    as_openai_tools,
    call_chunk,
    read_tool_choice,
    tool_names,
)

__all__ = ["SmolLM2ChatModel"]

_WORD = re.compile(r"\s*\S+\s*$|\s*\S+")
_MAX_CALL_TOKENS = 512


class SmolLM2ChatModel(BaseChatModel):
    """SmolLM2-135M-Instruct, with an adapter for MDSA's jobs or without.

    An answer from passages or tool results is checked before anything of it is passed on: where it
    holds a figure, name or date that stands in no source, `fallback` answers in its place, and
    `response_metadata` says so (`degraded`, `degraded_reason`). Tool calls are held to the tools'
    schemas. Once tools have answered, no further ones are called before the next question.

    Every call may raise ModelUnavailableError where the weights or the engine are missing, with the
    command that brings them, and ContextOverflowError for a prompt that is too long.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    weights: SmolLM2Weights = Field(exclude=True, description="Where the engine comes from.")
    memory: MemoryBudget = Field(exclude=True, description="Holds the engine while it is used.")
    fallback: BaseChatModel | None = Field(
        default=None,
        exclude=True,
        description="Answers where something would be invented; None lets it be said, marked.",
    )
    temperature: float | None = Field(
        default=None, ge=0, description="Randomness; None and 0 take the likeliest token."
    )
    max_tokens: int = Field(default=256, gt=0, description="Longest answer, in tokens.")
    seed: int | None = Field(default=None, description="Of the draws, with a temperature.")
    stop: list[str] | None = Field(default=None, description="Texts before which an answer ends.")

    @property
    def _llm_type(self) -> str:
        return "mdsa-smollm2"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {
            "model_name": self.weights.name,
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "seed": self.seed,
        }

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = super()._get_ls_params(stop=stop or self.stop, **kwargs)
        params["ls_provider"] = "mdsa"
        params["ls_model_name"] = kwargs.get("model", self.weights.name)
        params["ls_max_tokens"] = kwargs.get("max_tokens", self.max_tokens)
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
            tool_choice: `auto` (the default), `none`, `any`, or a tool's name; see
                `mdsa.models.tool_schema.read_tool_choice`.
            kwargs: bound as they are.

        Raises:
            InvalidInputError: a tool or the choice cannot be used.
        """
        schemas = as_openai_tools(tools)
        choice = read_tool_choice(tool_choice, tool_names(schemas))
        return self.bind(tools=schemas, tool_choice=choice, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> ChatResult:
        total: AIMessageChunk | None = None
        for chunk in self._stream(messages, stop, None, **kwargs):
            piece = chunk.message
            if isinstance(piece, AIMessageChunk):
                total = piece if total is None else total + piece
        made = total or AIMessageChunk(content="")
        message = AIMessage(
            content=made.content,
            tool_calls=made.tool_calls,
            invalid_tool_calls=made.invalid_tool_calls,
            usage_metadata=made.usage_metadata,
            response_metadata=made.response_metadata,
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for message in self._pieces(messages, stop, kwargs):
            chunk = ChatGenerationChunk(message=message)
            if run_manager:
                run_manager.on_llm_new_token(str(message.text), chunk=chunk)
            yield chunk

    def _pieces(
        self, messages: list[BaseMessage], stop: list[str] | None, kwargs: dict[str, Any]
    ) -> Iterator[AIMessageChunk]:
        tools = list(kwargs.get("tools") or ())
        choice = str(kwargs.get("tool_choice") or "auto")
        run = _Run(self, kwargs)
        with self.memory.using(self.weights) as engine:
            if tools and choice != "none" and not (choice == "auto" and has_results(messages)):
                sampling = run.sampling((), list_schema(tools, choice), _MAX_CALL_TOKENS)
                text = "".join(run.texts(engine, call_prompt(messages, tools), sampling))
                reply = read_list(text, tools)
                if reply.tool_calls or reply.invalid_tool_calls or choice != "auto":
                    yield _calls(reply)
                    yield run.last()
                    return
            prompt = answer_prompt(messages)
            stops = (*(stop or self.stop or ()), END)
            response_format = kwargs.get("response_format")
            schema = _asked_schema(response_format)
            texts = run.texts(engine, prompt, run.sampling(stops, schema, None))
            sources = None if schema is not None else sources_of(messages)
            if sources is None:
                for text in texts:
                    yield AIMessageChunk(content=text)
                yield run.last()
                return
            said = "".join(texts)
        answer = ground(said, sources, messages, self.fallback)
        for word in _WORD.findall(answer.text):
            yield AIMessageChunk(content=word)
        yield run.last(answer)


class _Run:
    """One reply: settings of its calls, and what they used."""

    def __init__(self, model: SmolLM2ChatModel, kwargs: dict[str, Any]) -> None:
        self._name = model.weights.name
        temperature = kwargs.get("temperature", model.temperature)
        self._temperature = float(temperature or 0.0)
        self._seed = kwargs.get("seed", model.seed)
        self._max_tokens = int(kwargs.get("max_tokens") or model.max_tokens)
        self._sent = self._made = 0
        self._finish = "stop"

    def sampling(
        self, stops: Sequence[str], schema: dict[str, Any] | None, longest: int | None
    ) -> Sampling:
        return Sampling(
            max_tokens=longest or self._max_tokens,
            temperature=self._temperature,
            seed=self._seed,
            stop=tuple(stops),
            schema=schema,
        )

    def texts(self, engine: Any, prompt: str, sampling: Sampling) -> Iterator[str]:
        for piece in engine.generate(prompt, sampling):
            usage = piece.get("usage")
            if usage:
                self._sent += usage["prompt_tokens"]
                self._made += usage["completion_tokens"]
            for choice in piece["choices"]:
                if choice["finish_reason"]:
                    self._finish = choice["finish_reason"]
                if choice["text"]:
                    yield choice["text"]

    def last(self, answer: GroundedAnswer | None = None) -> AIMessageChunk:
        metadata: dict[str, Any] = {"model_name": self._name, "finish_reason": self._finish}
        if answer is not None:
            metadata |= answer.metadata
        return AIMessageChunk(
            content="",
            usage_metadata=UsageMetadata(
                input_tokens=self._sent,
                output_tokens=self._made,
                total_tokens=self._sent + self._made,
            ),
            response_metadata=metadata,
            chunk_position="last",
        )


def _calls(reply: Reply) -> AIMessageChunk:
    calls: list[ToolCall | InvalidToolCall] = [*reply.tool_calls, *reply.invalid_tool_calls]
    chunks = [call_chunk(call, index) for index, call in enumerate(calls)]
    return AIMessageChunk(content=reply.content, tool_call_chunks=chunks)


def _asked_schema(response_format: Any) -> dict[str, Any] | None:
    """The schema of OpenAI's `response_format`, where one is asked for."""
    if not isinstance(response_format, dict):
        return None
    inner = response_format.get("json_schema", response_format)
    schema = inner.get("schema") if isinstance(inner, dict) else None
    return schema if isinstance(schema, dict) else None
