"""A graph of the agent as the Runnable that LangServe serves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, cast, get_args

from langchain_core.callbacks import AsyncCallbackManagerForChainRun
from langchain_core.messages import AIMessage
from langchain_core.runnables import ConfigurableFieldSpec, Runnable, RunnableConfig
from langchain_core.tracers.log_stream import (
    LogStreamCallbackHandler,
    _astream_log_implementation,
)
from pydantic import BaseModel, Field
from typing_extensions import override

from mdsa.core.result import RequestResult
from mdsa.server.langserve.asking import Asked
from mdsa.server.langserve.playground import without_default
from mdsa.server.langserve.schemas import Configurable, GraphInput, GraphOutput, GraphOutputModel
from mdsa.server.service import Service

__all__ = ["ServedGraph", "Serving", "serving"]

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Serving:
    """A request that is being served."""

    service: Service
    asked: Sequence[Asked]
    """One turn; in a batch, one per input."""
    admitted: bool = False
    """The request has a place among the running turns, and its turn needs none of its own."""
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    """Those that its stream runs in."""


serving: ContextVar[Serving] = ContextVar("serving")
"""Who asks and what, beside LangServe: in a batch it drops what its own config says."""


class ServedGraph(Runnable[GraphInput, Any]):
    """The whole graph, or one domain's, asked by the request in `serving`.

    What runs is checked there; the input that LangServe hands over is the same, unchecked.

    Args:
        name: of the graph.
        domain: None is the whole graph.
        input_schema: of its input.
    """

    def __init__(self, name: str, domain: str | None, input_schema: type[GraphInput]) -> None:
        self.name = name
        self._domain = domain
        self._input_schema = input_schema

    @override
    def get_input_schema(self, config: RunnableConfig | None = None) -> type[BaseModel]:
        return self._input_schema

    @override
    def get_output_schema(self, config: RunnableConfig | None = None) -> type[BaseModel]:
        return GraphOutputModel

    @property
    @override
    def config_specs(self) -> list[ConfigurableFieldSpec]:
        return [
            ConfigurableFieldSpec(
                id=name,
                annotation=Annotated[
                    get_args(field.annotation)[0], Field(json_schema_extra=without_default)
                ],
                name=field.title,
                description=field.description,
                default=field.default,
            )
            for name, field in Configurable.model_fields.items()
            # A list that nobody filled in goes as an empty one, and that would allow no domain.
            if name != "allowed_domains"
        ]

    @override
    def invoke(self, input: GraphInput, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        raise NotImplementedError("a served graph has async calls only; use ainvoke.")

    @override
    async def ainvoke(
        self, input: GraphInput, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Any:
        """Answer the request's turn."""
        return await self._acall_with_config(self._answer, input, config)

    @override
    async def abatch(
        self,
        inputs: list[GraphInput],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[Any]:
        """Answer the request's turns, as many at a time as the server runs."""
        request = serving.get()
        configs = config if isinstance(config, list) else [config] * len(inputs)
        free = asyncio.Semaphore(request.service.settings.max_running_turns)

        async def answer(number: int) -> Any:
            async with free:
                serving.set(replace(request, asked=[request.asked[number]]))
                return await self.ainvoke(inputs[number], configs[number])

        tasks = [asyncio.create_task(answer(number)) for number in range(len(inputs))]
        try:
            return await asyncio.gather(*tasks)
        finally:
            # The first that fails, or a client that hangs up, ends the others.
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    @override
    async def astream(
        self, input: GraphInput, config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[Any]:
        """Give the turn's events; with `whole`, the output alone.

        They are those of `POST /chat/stream`, with `tool_result` in the place of `tool`.
        """
        whole = kwargs.get("whole", False)
        task = asyncio.current_task()
        if task is not None:
            serving.get().tasks.add(task)

        async def inputs() -> AsyncGenerator[GraphInput]:
            yield input

        async for event in self._atransform_stream_with_config(inputs(), self._events, config):
            if not whole:
                yield event
            elif event["type"] == "final":
                yield event["result"]

    @override
    async def astream_log(
        self,
        input: Any,
        config: RunnableConfig | None = None,
        *,
        diff: Any = True,
        with_streamed_output_list: bool = True,
        include_names: Sequence[str] | None = None,
        include_types: Sequence[str] | None = None,
        include_tags: Sequence[str] | None = None,
        exclude_names: Sequence[str] | None = None,
        exclude_types: Sequence[str] | None = None,
        exclude_tags: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[Any]:
        """Give the runs inside and the output as patches.

        LangChain's own method warns at every request.
        """
        log = LogStreamCallbackHandler(
            auto_close=False,
            include_names=include_names,
            include_types=include_types,
            include_tags=include_tags,
            exclude_names=exclude_names,
            exclude_types=exclude_types,
            exclude_tags=exclude_tags,
            _schema_format="original",
        )
        patches = _astream_log_implementation(
            self,
            input,
            config,
            diff=diff,
            stream=log,
            with_streamed_output_list=with_streamed_output_list,
            whole=True,
        )
        async for patch in patches:
            yield patch

    async def _answer(
        self,
        _given: GraphInput,
        run_manager: AsyncCallbackManagerForChainRun,
        config: RunnableConfig,  # noqa: ARG002 - LangChain passes it by name
    ) -> GraphOutput:
        async with aclosing(self._turn(run_manager)) as events:
            async for event in events:
                if event["type"] == "final":
                    return cast("GraphOutput", event["result"])
        raise RuntimeError("a turn ended without a result")

    async def _events(
        self,
        given: AsyncIterator[GraphInput],
        run_manager: AsyncCallbackManagerForChainRun,
        config: RunnableConfig,  # noqa: ARG002
    ) -> AsyncIterator[Event]:
        async for _ in given:
            async with aclosing(self._turn(run_manager)) as events:
                async for event in events:
                    yield event

    async def _turn(self, run_manager: AsyncCallbackManagerForChainRun) -> AsyncGenerator[Event]:
        request = serving.get()
        admission: AbstractAsyncContextManager[None] = (
            nullcontext() if request.admitted else request.service.turns.admit()
        )
        async with admission, aclosing(self._begin(request, run_manager)) as events:
            async for event in events:
                if event["type"] == "final":
                    yield {**event, "result": _output(event["result"])}
                elif event["type"] == "tool":
                    # LangServe's clients take what has this type for a message, and fail on it.
                    yield {**event, "type": "tool_result"}
                else:
                    yield event

    def _begin(
        self, request: Serving, run_manager: AsyncCallbackManagerForChainRun
    ) -> AsyncGenerator[Event]:
        (asked,) = request.asked
        runs, callbacks = request.service.agent.runs, run_manager.get_child()
        if asked.message is not None:
            return runs.ask(asked.message, asked.context, domain=self._domain, callbacks=callbacks)
        context = {**asked.context}
        return runs.resume(
            context.pop("session_id"),
            asked.decision,
            context,
            domain=self._domain,
            callbacks=callbacks,
        )


def _output(result: RequestResult) -> GraphOutput:
    answer = AIMessage(result["response"], additional_kwargs={"domain": result["domain"]})
    return GraphOutput(messages=[answer], **result)
