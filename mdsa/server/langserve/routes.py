"""`/langserve/{graph}/…`: the whole graph as `mdsa`, a domain's as `mdsa/<domain>`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Request
from fastapi.responses import Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from mdsa.errors import InvalidInputError, UnknownNameError
from mdsa.server.caller import Asking, Caller
from mdsa.server.event_stream import STREAM_CONTENT, EventStream, with_pings
from mdsa.server.hang_up import unless_gone
from mdsa.server.langserve.asking import Asked, read_asked
from mdsa.server.langserve.handlers import PREFIX, Handler, Handlers, ReadRequest
from mdsa.server.langserve.playground import page_headers, without_compiler
from mdsa.server.langserve.runnable import Serving, serving
from mdsa.server.langserve.schemas import (
    BatchRequest,
    BatchResponse,
    EventsRequest,
    InvokeRequest,
    InvokeResponse,
)
from mdsa.server.langserve.streaming import Pump
from mdsa.server.openai.reading import ROUTER, list_models
from mdsa.server.problems import responses
from mdsa.server.routes.chat import REFUSALS
from mdsa.server.service import Served, Service

__all__ = ["router"]

router = APIRouter(prefix=PREFIX, tags=["langserve"])

_LOOKS = responses(401, 403, 404, 422, 429)
_handlers = Handlers()


@dataclass(frozen=True, slots=True)
class _Graph:
    """A graph that the caller may ask."""

    service: Service
    caller: Caller
    domain: str | None
    handler: Handler

    def count(self, more: int) -> None:
        """Count the request so many times more.

        Raises:
            RateLimitError: the key's requests come too fast.
        """
        key = self.caller.key
        if key is not None:
            limit = key.requests_per_minute or self.service.settings.requests_per_minute
            for _ in range(more):
                self.service.rates.take(key.id, limit)

    async def read(self, body: InvokeRequest) -> Asked:
        """Read a run."""
        return await read_asked(self.service, self.caller, self.domain, body.input, body.config)


async def _find(
    graph: Annotated[
        str, Path(description="`mdsa`, or `mdsa/<domain>`.", examples=["mdsa", "mdsa/orders"])
    ],
    service: Served,
    caller: Asking,
) -> _Graph:
    """Find the graph.

    Raises:
        UnknownNameError: there is none, or the caller may not use it: which of the two is not told.
    """
    known = list_models(service, caller)
    if graph not in known:
        raise UnknownNameError("graph", graph, known)
    domain = graph.removeprefix(f"{ROUTER}/") if graph != ROUTER else None
    # The first request for a graph makes LangServe's models of it.
    handler = await run_in_threadpool(_handlers.get, graph, domain)
    return _Graph(service, caller, domain, handler)


Found = Annotated[_Graph, Depends(_find)]


@router.post("/{graph:path}/invoke", response_model=InvokeResponse, responses=REFUSALS)
async def invoke(found: Found, body: InvokeRequest, request: Request) -> Response:
    """Answer a message, or go on with a turn.

    With `interrupts` in the output, tool calls wait: send `resume` to the same thread.
    """
    serving.set(Serving(found.service, [await found.read(body)]))
    given = ReadRequest(request, {"input": body.input.model_dump(), "config": {}})
    return await unless_gone(request, found.handler.invoke(given))


@router.post("/{graph:path}/batch", response_model=BatchResponse, responses=REFUSALS)
async def batch(found: Found, body: BatchRequest, request: Request) -> Response:
    """Answer several messages; each counts as a request."""
    many = len(body.inputs)
    configs = body.config if isinstance(body.config, list) else [body.config] * many
    if len(configs) != many:
        raise InvalidInputError(f"there are {many} inputs and {len(configs)} configs.")
    found.count(many - 1)
    asked = [
        await found.read(InvokeRequest(input=one, config=config))
        for one, config in zip(body.inputs, configs, strict=True)
    ]
    serving.set(Serving(found.service, asked))
    given = {"inputs": [one.model_dump() for one in body.inputs], "config": {}}
    return await unless_gone(request, found.handler.batch(ReadRequest(request, given)))


_STREAMS: dict[int | str, dict[str, Any]] = {
    **REFUSALS,
    200: {
        "description": "LangServe's events: `metadata`, `data`, and last `end` or `error`.",
        "content": STREAM_CONTENT,
    },
}


@router.post("/{graph:path}/stream", response_class=StreamingResponse, responses=_STREAMS)
async def stream(found: Found, body: InvokeRequest, request: Request) -> EventStream:
    """Answer a message, telling what happens on the way: the events of `/chat/stream`."""
    return await _stream(found, body, request, found.handler.stream)


@router.post("/{graph:path}/stream_events", response_class=StreamingResponse, responses=_STREAMS)
async def stream_events(found: Found, body: EventsRequest, request: Request) -> EventStream:
    """Answer a message, telling of every run inside the graph (LangChain's events, version 2)."""
    return await _stream(found, body, request, found.handler.astream_events)


@router.post("/{graph:path}/stream_log", response_class=StreamingResponse, responses=_STREAMS)
async def stream_log(found: Found, body: EventsRequest, request: Request) -> EventStream:
    """Answer a message, telling of the runs inside as JSON patches; the playground asks so."""
    return await _stream(found, body, request, found.handler.stream_log)


async def _stream(
    found: _Graph,
    body: InvokeRequest,
    request: Request,
    begin: Callable[[Request], Awaitable[Any]],
) -> EventStream:
    given = body.model_dump(exclude={"config"})
    one = Serving(found.service, [await found.read(body)], admitted=True)
    serving.set(one)

    async def opened() -> tuple[Pump, AsyncExitStack]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(found.service.turns.admit())
            response = await begin(ReadRequest(request, {**given, "config": {}}))
            pump = Pump(response.body_iterator, one)
            stack.push_async_callback(pump.close)
            await pump.start()
            return pump, stack.pop_all()

    pump, stack = await unless_gone(request, opened())
    parts = pump.parts(request.scope)
    return EventStream(with_pings(parts, found.service.settings.ping_s), stack.aclose)


@router.get("/{graph:path}/input_schema", responses=_LOOKS)
async def input_schema(found: Found, request: Request) -> dict[str, Any]:
    """Give the JSON schema of what the graph takes."""
    schema: dict[str, Any] = await found.handler.input_schema(request)
    return schema


@router.get("/{graph:path}/output_schema", responses=_LOOKS)
async def output_schema(found: Found, request: Request) -> dict[str, Any]:
    """Give the JSON schema of what the graph gives."""
    schema: dict[str, Any] = await found.handler.output_schema(request)
    return schema


@router.get("/{graph:path}/config_schema", responses=_LOOKS)
async def config_schema(found: Found, request: Request) -> dict[str, Any]:
    """Give the JSON schema of a run's config: the thread, and settings of the run."""
    schema: dict[str, Any] = await found.handler.config_schema(request)
    return schema


@router.get(
    "/{graph:path}/playground/{file:path}",
    response_class=Response,
    responses={
        **_LOOKS,
        200: {"description": "The page, or a file of it.", "content": {"text/html": {}}},
    },
)
async def playground(found: Found, file: str, request: Request) -> Response:
    """Give LangServe's page to try the graph in a browser."""
    try:
        response: Response = await found.handler.playground(file, request)
    except (OSError, ValueError) as error:  # a folder, or what names no file at all
        raise HTTPException(HTTPStatus.NOT_FOUND) from error
    if response.status_code == HTTPStatus.NOT_FOUND:  # in LangServe's own words
        raise HTTPException(HTTPStatus.NOT_FOUND)
    content = without_compiler(bytes(response.body))
    return Response(content, media_type=response.media_type, headers=page_headers(content))
