"""LangChain's ChatOllama with tools for every model, and failures that say what to do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from httpx import Timeout
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.exceptions import OutputParserException
from langchain_core.language_models import LangSmithParams, LanguageModelInput
from langchain_core.language_models.chat_models import (
    agenerate_from_stream,
    generate_from_stream,
)
from langchain_core.language_models.model_profile import ModelProfile
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_ollama import ChatOllama
from ollama import ProcessResponse, ResponseError
from pydantic import Field, PrivateAttr

from mdsa.errors import ModelOutputError
from mdsa.models.images import has_images
from mdsa.models.ollama.capabilities import OllamaCapabilities
from mdsa.models.ollama.context_window import SMALLEST_WINDOW, check_prompt_fit
from mdsa.models.ollama.image_input import check_images
from mdsa.models.ollama.reply import ReplyReader
from mdsa.models.tool_request import ToolRequest, make_tool_request
from mdsa.models.tool_schema import as_openai_tools, read_tool_choice, tool_names
from mdsa.utils.http_clients import client_options
from mdsa.utils.ollama_failures import explained, refuses_tools

__all__ = ["OllamaChatModel"]

_TIMEOUT_S = 120.0


class OllamaChatModel(ChatOllama):
    """ChatOllama that calls tools with any model, and whose failures are MDSA's errors.

    Where the model has no tool calls of its own, or a call is forced by `tool_choice`, the tools
    stand in the prompt and Ollama's `format` holds the output to their schemas.

    Every call may raise the errors of `mdsa.utils.ollama_failures.explained`;
    ContextOverflowError where the server cut the prompt, which it does silently; and
    InvalidInputError for images that the model does not take.
    """

    client_kwargs: dict[str, Any] | None = Field(
        default_factory=lambda: client_options(_TIMEOUT_S), description="Of the HTTP clients."
    )

    _known: dict[str, OllamaCapabilities] = PrivateAttr(default_factory=dict)
    _windows: dict[str, int] = PrivateAttr(default_factory=dict)
    _without_tools: set[str] = PrivateAttr(default_factory=set)

    def _resolve_model_profile(self) -> ModelProfile:
        # Whether it takes images only the server knows; see `check_images`.
        return ModelProfile(tool_calling=True, tool_choice=True, structured_output=True)

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = super()._get_ls_params(stop=stop, **kwargs)
        params["ls_model_name"] = kwargs.get("model", self.model)
        return params

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: dict[str, Any] | str | bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Bind tools.

        Args:
            tools: anything that `convert_to_openai_tool` takes.
            tool_choice: `auto` (the default), `none`, `any` or True for some tool, or a tool's
                name; forced calls are held to the tool's schema.
            kwargs: bound as they are.

        Raises:
            InvalidInputError: a tool cannot be converted, or `tool_choice` names none of them.
        """
        made = as_openai_tools(tools)
        choice = read_tool_choice(tool_choice, tool_names(made))
        return self.bind(tools=made, tool_choice=choice, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return generate_from_stream(self._stream(messages, stop, run_manager, **kwargs))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return await agenerate_from_stream(self._astream(messages, stop, run_manager, **kwargs))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        name = str(kwargs.get("model") or self.model)
        with self._explained(name):
            if _asks_for_abilities(messages, kwargs) and name not in self._known:
                self._known[name] = OllamaCapabilities.of(self._client.show(name))
            request = self._request(name, messages, kwargs)
            try:
                yield from self._answer(name, request, stop, run_manager)
            except ResponseError as error:
                if not refuses_tools(error) or "tools" not in request.kwargs:
                    raise
                self._without_tools.add(name)
                request = self._request(name, messages, kwargs)
                yield from self._answer(name, request, stop, run_manager)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        name = str(kwargs.get("model") or self.model)
        with self._explained(name):
            if _asks_for_abilities(messages, kwargs) and name not in self._known:
                self._known[name] = OllamaCapabilities.of(await self._async_client.show(name))
            request = self._request(name, messages, kwargs)
            try:
                async for chunk in self._aanswer(name, request, stop, run_manager):
                    yield chunk
            except ResponseError as error:
                if not refuses_tools(error) or "tools" not in request.kwargs:
                    raise
                self._without_tools.add(name)
                request = self._request(name, messages, kwargs)
                async for chunk in self._aanswer(name, request, stop, run_manager):
                    yield chunk

    def _answer(
        self,
        name: str,
        request: ToolRequest,
        stop: list[str] | None,
        run_manager: CallbackManagerForLLMRun | None,
    ) -> Iterator[ChatGenerationChunk]:
        reader = ReplyReader(name, request.constrained)
        for part in super()._stream(request.messages, stop, None, **request.kwargs):
            for chunk in reader.feed(part):
                if run_manager:
                    run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk
        last = reader.finish()
        if self._needs_window(name, reader):
            self._note_window(name, self._client.ps())
        self._check_fit(name, request, reader)
        if run_manager:
            run_manager.on_llm_new_token(last.text, chunk=last)
        yield last

    async def _aanswer(
        self,
        name: str,
        request: ToolRequest,
        stop: list[str] | None,
        run_manager: AsyncCallbackManagerForLLMRun | None,
    ) -> AsyncIterator[ChatGenerationChunk]:
        reader = ReplyReader(name, request.constrained)
        async for part in super()._astream(request.messages, stop, None, **request.kwargs):
            for chunk in reader.feed(part):
                if run_manager:
                    await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk
        last = reader.finish()
        if self._needs_window(name, reader):
            self._note_window(name, await self._async_client.ps())
        self._check_fit(name, request, reader)
        if run_manager:
            await run_manager.on_llm_new_token(last.text, chunk=last)
        yield last

    def _request(
        self, name: str, messages: list[BaseMessage], kwargs: dict[str, Any]
    ) -> ToolRequest:
        known = self._known.get(name)
        check_images(name, messages, known)
        native = name not in self._without_tools and (known is None or known.tools is not False)
        request = make_tool_request(messages, kwargs, native=native)
        if request.schema is not None:
            # A format of the caller's own and calls cannot both hold.
            request.kwargs["format"] = request.schema
        return request

    def _needs_window(self, name: str, reader: ReplyReader) -> bool:
        """Tell whether the server must be asked how much it reads; short prompts always fit."""
        unknown = self.num_ctx is None and name not in self._windows
        return unknown and (reader.read_tokens or 0) >= SMALLEST_WINDOW - 1

    def _note_window(self, name: str, running: ProcessResponse) -> None:
        wanted = {name, f"{name}:latest"}
        lengths = [one.context_length for one in running.models if one.name in wanted]
        # Older servers do not say; zero stands for not knowing.
        self._windows[name] = (lengths[0] if lengths else None) or 0

    def _check_fit(self, name: str, request: ToolRequest, reader: ReplyReader) -> None:
        window = self.num_ctx or self._windows.get(name)
        if window and reader.read_tokens is not None:
            check_prompt_fit(name, window, reader.read_tokens, request.messages)

    @contextmanager
    def _explained(self, name: str) -> Iterator[None]:
        timeout = (self.client_kwargs or {}).get("timeout")
        seconds = timeout.read if isinstance(timeout, Timeout) else timeout
        try:
            with explained(name, self.base_url, timeout_s=seconds):
                yield
        except OutputParserException as error:
            raise ModelOutputError(
                f"model {name!r} on Ollama wrote a tool call that cannot be read ({error}); "
                "ask again, or take a larger model."
            ) from error


def _asks_for_abilities(messages: Sequence[BaseMessage], kwargs: dict[str, Any]) -> bool:
    """Tell whether a request needs more than text, so that it depends on what the model can do."""
    called = any(
        isinstance(message, ToolMessage) or (isinstance(message, AIMessage) and message.tool_calls)
        for message in messages
    )
    return bool(kwargs.get("tools")) or called or has_images(messages)
