"""`/v1/models` and `/v1/chat/completions`."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from mdsa.core.result import RequestResult
from mdsa.errors import InvalidInputError, MdsaError, SessionAccessError, UnknownNameError
from mdsa.server.caller import Asking, Caller
from mdsa.server.event_stream import STREAM_CONTENT, EventStream, encode_event, with_pings
from mdsa.server.hang_up import unless_gone
from mdsa.server.openai.answers import answer_texts, chat_completion, facts_of
from mdsa.server.openai.chat_chunks import ChatChunks
from mdsa.server.openai.reading import (
    images_of,
    list_models,
    question_of,
    session_of,
    settings_of,
    texts_of,
    user_of,
)
from mdsa.server.openai.schemas import ChatCompletion, ChatCompletionRequest, ModelCard, ModelList
from mdsa.server.problems import describe, responses
from mdsa.server.routes.chat import REFUSALS, open_turn
from mdsa.server.service import Served, Service
from mdsa.server.turn_context import read_turn_context, refuse_unowned_session

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["openai"])

_STARTED = int(time.time())


@router.get("/models", responses=responses(401, 403, 429))
async def models(service: Served, caller: Asking) -> ModelList:
    """List the router and the specialists."""
    cards = [ModelCard(id=name, created=_STARTED) for name in list_models(service, caller)]
    return ModelList(data=cards)


@router.get("/models/{model:path}", responses=responses(401, 403, 404, 422, 429))
async def model(model: str, service: Served, caller: Asking) -> ModelCard:
    """Give one of them."""
    known = list_models(service, caller)
    if model not in known:
        raise UnknownNameError("model", model, known)
    return ModelCard(id=model, created=_STARTED)


@dataclass(frozen=True, slots=True)
class _Question:
    """A request that was read."""

    service: Service
    said: list[tuple[str, str]]
    context: dict[str, Any]
    found: str | None
    """The session that was found by what was said before."""

    def answered(self, result: RequestResult) -> None:
        """Remember where the conversation goes on."""
        said = [*self.said, ("assistant", result["response"])]
        self.service.conversations.keep(self.context["user_id"], said, result["session_id"])

    def failed(self) -> None:
        """Let the same conversation be sent again."""
        if self.found is not None:
            user_id = self.context["user_id"]
            self.service.conversations.keep(user_id, self.said[:-1], self.found)


async def _read(service: Service, caller: Caller, body: ChatCompletionRequest) -> _Question:
    if body.n not in (None, 1):
        raise InvalidInputError(f"n is {body.n}; one answer is given.")
    said = texts_of(body.messages)
    question_of(said, body.tools)
    settings = settings_of(service, caller, body.model)
    if images := images_of(body.messages[-1]):
        settings["images"] = images
    context = await read_turn_context(
        service,
        caller,
        context=settings,
        user_id=user_of(body),
        session_id=body.session_id or session_of(body),
    )
    found = None
    if "session_id" not in context:
        found = service.conversations.take(context["user_id"], said[:-1])
        if found is not None:
            context["session_id"] = found
            try:
                await refuse_unowned_session(service, caller, found, context["user_id"])
            except BaseException as error:
                service.conversations.keep(context["user_id"], said[:-1], found)
                if not isinstance(error, SessionAccessError):
                    raise
                # Another key of the owner's goes on with it.
                found = None
                del context["session_id"]
    return _Question(service, said, context, found)


@router.post(
    "/chat/completions",
    response_model=ChatCompletion,
    responses={
        **REFUSALS,
        200: {
            "description": "The answer; with `stream`, its pieces as server-sent events.",
            "content": STREAM_CONTENT,
        },
    },
)
async def chat_completions(
    body: ChatCompletionRequest, request: Request, service: Served, caller: Asking
) -> ChatCompletion | Response:
    """Answer the last message.

    The answer's sources are its `annotations`; `mdsa` beside them tells the route, the session and
    the tool calls that wait. System messages are not read: the domains have instructions.
    """
    question = await _read(service, caller, body)
    message = question.said[-1][1]
    try:
        if body.stream:
            turn = await unless_gone(request, open_turn(service, message, question.context))
            options = body.stream_options
            tells_usage = options is not None and options.include_usage is True
            chunks = ChatChunks(body.model, tells_usage)
            parts = _pieces(question, chunks, turn.events(), request)
            return EventStream(with_pings(parts, service.settings.ping_s), turn.close)

        async def answer() -> RequestResult:
            async with service.turns.admit():
                return await service.agent.aprocess_request(message, question.context)

        result = await unless_gone(request, answer())
    except BaseException:
        question.failed()
        raise
    question.answered(result)
    return chat_completion(result, body.model)


async def _pieces(
    question: _Question,
    chunks: ChatChunks,
    events: AsyncGenerator[dict[str, Any]],
    request: Request,
) -> AsyncGenerator[bytes]:
    whole = False
    try:
        yield chunks.piece({"role": "assistant", "content": ""})
        async for piece in answer_texts(events):
            if isinstance(piece, str):
                yield chunks.piece({"content": piece})
            else:
                question.answered(piece)
                whole = True
                facts = facts_of(piece).model_dump(mode="json")
                yield chunks.piece({}, "stop", mdsa=facts)
                if chunks.tells_usage:
                    yield chunks.usage(piece)
        yield encode_event("[DONE]")
    except MdsaError as error:
        yield encode_event(describe(error, request.scope)[0])
    finally:
        if not whole:
            question.failed()
