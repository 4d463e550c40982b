"""`embedded://smollm2`: a chat model of 135 million parameters in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LangSmithParams, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, InvalidToolCall
from langchain_core.messages.tool import ToolCall
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from pydantic import BaseModel, ConfigDict, Field

from mdsa.models.hugging_face.structured_output import read_response_format, structured
from mdsa.models.memory_budget import MemoryBudget
from mdsa.models.reader.prompt import read_conversation
from mdsa.models.smollm2.calls import has_results, invented_values, list_schema, read_list
from mdsa.models.smollm2.engine import Engine
from mdsa.models.smollm2.evidence import EvidenceFinder
from mdsa.models.smollm2.grounded import ground, sources_of, word_answer
from mdsa.models.smollm2.joint_call import joint_call, unsure_slots
from mdsa.models.smollm2.prompt import (
    END,
    answer_prompt,
    call_prompt,
    is_split,
    known_facts,
    question_of,
    split_prompt,
)
from mdsa.models.smollm2.run import Run
from mdsa.models.smollm2.stated import stated_tools
from mdsa.models.smollm2.weights import SmolLM2Weights
from mdsa.models.stream_words import stream_words
from mdsa.models.tool_schema import (
    Reply,
    as_openai_tools,
    call_chunk,
    read_tool_choice,
    tool_names,
)

__all__ = ["SmolLM2ChatModel"]

_MAX_CALL_TOKENS = 512
_MAX_WORDS_TOKENS = 96


class SmolLM2ChatModel(BaseChatModel):
    """SmolLM2-135M-Instruct, with an adapter for MDSA's jobs or without.

    From passages it words what the reader finds in them (`finder`), one question of the message
    after the other; where the wording says more, less or something else, the reader's sentences
    stand as they are. An answer from tool results or facts, and a merge, is checked as a whole:
    where it holds a figure, name or date that stands in no source, or loses one that it should
    keep, `fallback` answers in its place. `response_metadata` tells of both (`degraded`,
    `degraded_reason`, `answered_by`). Tool calls are held to the tools' schemas. Once tools have
    answered, no further ones are called before the next question.

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
    finder: EvidenceFinder = Field(
        default_factory=EvidenceFinder,
        exclude=True,
        description="Finds the sentences of the passages that are worded anew.",
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
        run = self._run(kwargs)
        with self.memory.using(self.weights) as engine:
            if tools and choice != "none" and not (choice == "auto" and has_results(messages)):
                found = self._called(messages, tools, choice, run, engine)
                if found is not None:
                    yield found
                    yield run.last()
                    return
            stops = (*(stop or self.stop or ()), END)
            schema = read_response_format(kwargs.get("response_format"))
            sources = None if schema is not None else sources_of(messages)
            if sources is None:
                split = schema is not None and is_split(schema)
                prompt = split_prompt(messages) if split else answer_prompt(messages)
                for text in run.texts(engine, prompt, run.sampling(stops, schema)):
                    yield AIMessageChunk(content=text)
                # It cuts a message well, but a router names the domains of the parts far better.
                yield run.last({"cuts_only": True} if split else None)
                return

            longest = min(run.max_tokens, _MAX_WORDS_TOKENS) if sources.only_passages else None

            def write(prompt: str) -> str:
                return "".join(run.texts(engine, prompt, run.sampling(stops, longest=longest)))

            if sources.only_passages:
                conversation = read_conversation(messages)
                answer = word_answer(self.finder.find(conversation), write)
            else:
                said = write(answer_prompt(messages))
                answer = ground(said, sources, messages, self.fallback)
        for word in stream_words(answer.text):
            yield AIMessageChunk(content=word)
        yield run.last(answer.metadata)

    def _called(
        self,
        messages: list[BaseMessage],
        tools: list[dict[str, Any]],
        choice: str,
        run: Run,
        engine: Engine,
    ) -> AIMessageChunk | None:
        """Calls, or a question for what a call lacks; None where no tool is wanted.

        The reader fills what it is sure of, and the model what is left, out of the words and
        figures of the message; what it makes up all the same is not called.
        """
        message = question_of(messages)
        asked = None
        if self.fallback is not None:
            asked = self.fallback.bind_tools(tools, tool_choice=choice).invoke(messages)
        read = asked.tool_calls if asked is not None else []
        slots: list[str] = []
        if len(read) == 1:
            slots = unsure_slots(read[0], tools, [*known_facts(messages).values()])
        if read and not slots:
            return _calls(Reply("", read, []))
        if read:
            tools = [tool for tool in tools if tool["function"]["name"] == read[0]["name"]]
        narrow = stated_tools(tools, message)
        form = list_schema(narrow, "required" if read else choice)
        sampling = run.sampling(schema=form, longest=_MAX_CALL_TOKENS)
        text = "".join(run.texts(engine, call_prompt(messages, tools), sampling))
        reply = read_list(text, tools)
        if read:
            same = reply.tool_calls[:1]
            joint = [joint_call(read[0], same[0], tools, slots)] if same else read
            return _calls(Reply("", joint, []))
        called = bool(reply.tool_calls or reply.invalid_tool_calls) or choice != "auto"
        invented = invented_values(reply.tool_calls, messages, tools)
        if called and (asked is None or not invented):
            return _calls(reply)
        if asked is None:
            return None
        asks = bool(asked.response_metadata.get("asked_for")) or choice != "auto"
        if asks or sources_of(messages) is None:
            # Without sources it would answer from what it half remembers.
            kept = {"abstained", "asked_for"} & asked.response_metadata.keys()
            metadata = {name: asked.response_metadata[name] for name in kept}
            return AIMessageChunk(content=asked.text, response_metadata=metadata)
        return None

    def _run(self, kwargs: dict[str, Any]) -> Run:
        names = ("temperature", "seed", "max_tokens")
        settings = {name: kwargs.get(name, getattr(self, name)) for name in names}
        settings["max_tokens"] = settings["max_tokens"] or self.max_tokens
        return Run(self.weights.name, settings)


def _calls(reply: Reply) -> AIMessageChunk:
    calls: list[ToolCall | InvalidToolCall] = [*reply.tool_calls, *reply.invalid_tool_calls]
    chunks = [call_chunk(call, index) for index, call in enumerate(calls)]
    return AIMessageChunk(content=reply.content, tool_call_chunks=chunks)
