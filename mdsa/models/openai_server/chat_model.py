"""LangChain's client of OpenAI's chat completions, for any server that speaks them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import openai
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import LangSmithParams, LanguageModelInput
from langchain_core.language_models.model_profile import ModelProfile
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_openai.chat_models.base import BaseChatOpenAI
from pydantic import PrivateAttr, model_validator

from mdsa.errors import InvalidInputError
from mdsa.models.openai_server.failures import explained, refuses_tools
from mdsa.models.openai_server.reply import ReplyReader, with_calls
from mdsa.models.openai_server.structured_output import response_format, structured
from mdsa.models.tool_request import ToolRequest, make_tool_request
from mdsa.models.tool_schema import as_openai_tools, read_tool_choice, tool_names

__all__ = ["OpenAIServerChatModel"]


class OpenAIServerChatModel(BaseChatOpenAI):
    """A model of a server such as vLLM, llama.cpp or LM Studio.

    Where the server gives the model no tool calls, the tools stand in the prompt and a
    `response_format` holds the output to their schemas. A server that ignores tools silently is
    found out by the first forced call that is not streamed. Every call may raise the errors of
    `mdsa.models.openai_server.failures.explained`, and asks the server once: whoever calls decides
    whether to try again.
    """

    timeout_s: float = 120.0

    _without_tools: bool = PrivateAttr(default=False)

    @model_validator(mode="before")
    @classmethod
    def _named_server(cls, values: dict[str, Any]) -> dict[str, Any]:
        # Without one, the client would take OPENAI_BASE_URL, or OpenAI's own.
        if not (values.get("base_url") or values.get("openai_api_base")):
            raise ValueError("base_url is missing; there is no default server")
        return values

    @property
    def _llm_type(self) -> str:
        return "mdsa-openai-server"

    def _resolve_model_profile(self) -> ModelProfile:
        return ModelProfile(tool_calling=True, tool_choice=True, structured_output=True)

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = super()._get_ls_params(stop=stop, **kwargs)
        params["ls_model_name"] = kwargs.get("model", self.model_name)
        return params

    def get_num_tokens(self, text: str) -> int:
        """About how many tokens a text has; the exact table would be downloaded."""
        return count_tokens_approximately([text])

    def get_num_tokens_from_messages(
        self,
        messages: Sequence[BaseMessage],
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool] | None = None,
        **kwargs: Any,  # noqa: ARG002
    ) -> int:
        """About how many tokens messages have; the exact table would be downloaded."""
        return count_tokens_approximately(
            messages, tools=None if tools is None else list(as_openai_tools(tools))
        )

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: dict[str, Any] | str | bool | None = None,
        strict: bool | None = None,
        parallel_tool_calls: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Bind tools; `tool_choice` is `auto`, `none`, `any`, True or a tool's name.

        Raises:
            InvalidInputError: a tool cannot be converted, or `tool_choice` names none of them.
        """
        made = as_openai_tools(tools)
        choice = read_tool_choice(tool_choice, tool_names(made))
        return super().bind_tools(
            made,
            tool_choice=None if choice == "auto" else choice,
            strict=strict,
            parallel_tool_calls=parallel_tool_calls,
            **kwargs,
        )

    def with_structured_output(
        self,
        schema: Any = None,
        *,
        method: Any = "json_schema",
        include_raw: bool = False,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, Any]:
        """Hold the output to a schema, by the server's own constrained decoding.

        Args:
            schema: a pydantic class, a TypedDict or a JSON schema with a `title`.
            method: `json_schema`, or `function_calling` or `json_mode` as in langchain-openai.
            include_raw: give a dict with `raw`, `parsed` and `parsing_error`.
            kwargs: for the other methods.
        """
        if method != "json_schema" or schema is None:
            return super().with_structured_output(
                schema, method=method, include_raw=include_raw, **kwargs
            )
        return structured(self, schema, include_raw=include_raw)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        with self._explained():
            request = self._request(messages, kwargs)
            try:
                result = super()._generate(request.messages, stop, run_manager, **request.kwargs)
            except openai.APIStatusError as error:
                if not self._go_without_tools(error, request):
                    raise
                request = self._request(messages, kwargs)
                result = super()._generate(request.messages, stop, run_manager, **request.kwargs)
            if self._ignored_tools(result, request):
                request = self._request(messages, kwargs)
                result = super()._generate(request.messages, stop, run_manager, **request.kwargs)
            return with_calls(result, request)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        with self._explained():
            request = self._request(messages, kwargs)
            ask = super()._agenerate
            try:
                result = await ask(request.messages, stop, run_manager, **request.kwargs)
            except openai.APIStatusError as error:
                if not self._go_without_tools(error, request):
                    raise
                request = self._request(messages, kwargs)
                result = await ask(request.messages, stop, run_manager, **request.kwargs)
            if self._ignored_tools(result, request):
                request = self._request(messages, kwargs)
                result = await ask(request.messages, stop, run_manager, **request.kwargs)
            return with_calls(result, request)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        with self._explained():
            request = self._request(messages, kwargs)
            ask = super()._stream
            try:
                yield from self._told(
                    request, ask(request.messages, stop, **request.kwargs), run_manager
                )
            except openai.APIStatusError as error:
                if not self._go_without_tools(error, request):
                    raise
                request = self._request(messages, kwargs)
                yield from self._told(
                    request, ask(request.messages, stop, **request.kwargs), run_manager
                )

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        with self._explained():
            request = self._request(messages, kwargs)
            ask = super()._astream
            try:
                async for chunk in self._atold(
                    request, ask(request.messages, stop, **request.kwargs), run_manager
                ):
                    yield chunk
            except openai.APIStatusError as error:
                if not self._go_without_tools(error, request):
                    raise
                request = self._request(messages, kwargs)
                async for chunk in self._atold(
                    request, ask(request.messages, stop, **request.kwargs), run_manager
                ):
                    yield chunk

    def _told(
        self,
        request: ToolRequest,
        parts: Iterator[ChatGenerationChunk],
        run_manager: CallbackManagerForLLMRun | None,
    ) -> Iterator[ChatGenerationChunk]:
        reading = ReplyReader(self.model_name, request)
        for part in parts:
            for chunk in reading.feed(part):
                if run_manager:
                    run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk
        yield from reading.finish()

    async def _atold(
        self,
        request: ToolRequest,
        parts: AsyncIterator[ChatGenerationChunk],
        run_manager: AsyncCallbackManagerForLLMRun | None,
    ) -> AsyncIterator[ChatGenerationChunk]:
        reading = ReplyReader(self.model_name, request)
        async for part in parts:
            for chunk in reading.feed(part):
                if run_manager:
                    await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk
        for chunk in reading.finish():
            yield chunk

    def _request(self, messages: list[BaseMessage], kwargs: dict[str, Any]) -> ToolRequest:
        try:
            self._get_request_payload(messages, **kwargs)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            # Told apart from an answer that cannot be read, which is the model's failure.
            raise InvalidInputError(
                f"the messages cannot be sent to model {self.model_name!r}: {error}"
            ) from error
        if not self._without_tools or not kwargs.get("tools"):
            return ToolRequest(messages, dict(kwargs))
        choice = read_tool_choice(kwargs.get("tool_choice"), tool_names(kwargs["tools"]))
        given = {name: value for name, value in kwargs.items() if name != "parallel_tool_calls"}
        request = make_tool_request(messages, {**given, "tool_choice": choice}, native=False)
        if request.schema is not None:
            request.kwargs["response_format"] = response_format("reply", request.schema)
        return request

    def _go_without_tools(self, error: openai.APIStatusError, request: ToolRequest) -> bool:
        if not request.kwargs.get("tools") or not refuses_tools(error):
            return False
        self._without_tools = True
        return True

    def _ignored_tools(self, result: ChatResult, request: ToolRequest) -> bool:
        """Notice that a call was forced and none came.

        llama.cpp leaves out tools that the model's template does not know, without a word.
        """
        choice = request.kwargs.get("tool_choice") or "auto"
        message = result.generations[0].message
        called = isinstance(message, AIMessage) and (
            message.tool_calls or message.invalid_tool_calls
        )
        if not request.kwargs.get("tools") or choice in ("auto", "none") or called:
            return False
        self._without_tools = True
        return True

    def _explained(self) -> AbstractContextManager[None]:
        return explained(self.model_name, str(self.openai_api_base), self.timeout_s)
