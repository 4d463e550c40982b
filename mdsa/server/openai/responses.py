"""`/v1/responses`: OpenAI's newer interface, whose responses know what they follow."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import AsyncGenerator
from itertools import count
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request
from fastapi.responses import Response

from mdsa.core.result import RequestResult
from mdsa.errors import InvalidInputError, MdsaError, UnknownSessionError
from mdsa.server.caller import Asking, Caller
from mdsa.server.event_stream import STREAM_CONTENT, EventStream, encode_event, with_pings
from mdsa.server.hang_up import unless_gone
from mdsa.server.openai.answers import answer_texts, facts_of
from mdsa.server.openai.reading import (
    images_of,
    question_of,
    session_of,
    settings_of,
    texts_of,
    user_of,
)
from mdsa.server.openai.schemas import InputMessage, ResponseObject, ResponsesRequest
from mdsa.server.openai.usage import ResponseUsage
from mdsa.server.problems import describe
from mdsa.server.routes.chat import REFUSALS, open_turn
from mdsa.server.service import Served, Service
from mdsa.server.turn_context import own_session, read_turn_context

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["openai"])

_PREFIX = "resp_"


@router.post(
    "/responses",
    response_model=ResponseObject,
    responses={
        **REFUSALS,
        200: {
            "description": "The answer; with `stream`, its events as OpenAI names them.",
            "content": STREAM_CONTENT,
        },
    },
)
async def create_response(
    body: ResponsesRequest, request: Request, service: Served, caller: Asking
) -> ResponseObject | Response:
    """Answer the input.

    `conversation` names a session; `previous_response_id` goes on with the session of an earlier
    response, and with all that was said in it since.
    """
    message, context = await _read(service, caller, body)
    if body.stream:
        turn = await unless_gone(request, open_turn(service, message, context))
        parts = _events(body, context["session_id"], turn.events(), request)
        return EventStream(with_pings(parts, service.settings.ping_s), turn.close)

    async def answer() -> RequestResult:
        async with service.turns.admit():
            return await service.agent.aprocess_request(message, context)

    result = await unless_gone(request, answer())
    begun = _begun(body, result["session_id"])
    return ResponseObject.model_validate(_completed(begun, _message(_message_id(), result), result))


async def _read(
    service: Service, caller: Caller, body: ResponsesRequest
) -> tuple[str, dict[str, Any]]:
    said = body.input
    messages = [InputMessage(role="user", content=said)] if isinstance(said, str) else said
    question = question_of(texts_of(messages), body.tools)
    context = settings_of(service, caller, body.model)
    if images := images_of(messages[-1]):
        context["images"] = images
    user_id = user_of(body)
    conversation = body.conversation
    session_id = session_of(body) if conversation is None else None
    if conversation is not None:
        session_id = conversation if isinstance(conversation, str) else conversation.id
    if body.previous_response_id is not None:
        if session_id is not None:
            raise InvalidInputError("give conversation or previous_response_id, and not both.")
        session_id = _session_id(body.previous_response_id)
        # What it follows must be there: a new session would not know what was said.
        await own_session(service, caller, session_id, user_id)
    context = await read_turn_context(
        service, caller, context=context, user_id=user_id, session_id=session_id
    )
    # A stream's first event names the response, and with it the session.
    context.setdefault("session_id", uuid4().hex)
    return question, context


def _response_id(session_id: str) -> str:
    """A new name that carries the session, so that nothing has to be remembered for it."""
    encoded = base64.urlsafe_b64encode(session_id.encode()).decode().rstrip("=")
    return f"{_PREFIX}{encoded}.{uuid4().hex}"


def _session_id(response_id: str) -> str:
    encoded, dot, _ = response_id.removeprefix(_PREFIX).rpartition(".")
    try:
        if not dot or not response_id.startswith(_PREFIX):
            raise ValueError("it is not of this server's making")
        padded = encoded + "=" * (-len(encoded) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (ValueError, binascii.Error) as error:
        raise UnknownSessionError(
            f"no response {response_id[:100]!r}: give the id of a response of this server."
        ) from error


def _message_id() -> str:
    return f"msg_{uuid4().hex}"


def _message(name: str, result: RequestResult) -> dict[str, Any]:
    end = len(result["response"])
    annotations = [
        {
            "type": "url_citation",
            "start_index": 0,
            "end_index": end,
            "title": source["title"],
            "url": source["source"],
        }
        for source in result["sources"]
    ]
    return _item(name, "completed", [_part(result["response"], annotations)])


def _item(name: str, status: str, content: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": name,
        "type": "message",
        "role": "assistant",
        "status": status,
        "content": content,
    }


def _part(text: str, annotations: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": annotations}


def _begun(body: ResponsesRequest, session_id: str) -> dict[str, Any]:
    return {
        "id": _response_id(session_id),
        "object": "response",
        "created_at": int(time.time()),
        "status": "in_progress",
        "model": body.model,
        "output": [],
        "conversation": {"id": session_id},
        "previous_response_id": body.previous_response_id,
        "metadata": body.metadata or {},
        "usage": None,
    }


def _completed(
    begun: dict[str, Any], message: dict[str, Any], result: RequestResult
) -> dict[str, Any]:
    facts = facts_of(result).model_dump(mode="json")
    return {
        **begun,
        "status": "completed",
        "output": [message],
        "usage": ResponseUsage.of(result).model_dump(),
        "mdsa": facts,
    }


async def _events(
    body: ResponsesRequest,
    session_id: str,
    events: AsyncGenerator[dict[str, Any]],
    request: Request,
) -> AsyncGenerator[bytes]:
    """The events of OpenAI's stream, each with its place in it."""
    numbers = count()

    def event(kind: str, **fields: Any) -> bytes:
        data = {"type": kind, "sequence_number": next(numbers), **fields}
        return encode_event(data, kind)

    message = _message_id()
    place = {"item_id": message, "output_index": 0, "content_index": 0}
    begun = _begun(body, session_id)
    said = ""
    try:
        yield event("response.created", response=begun)
        yield event("response.in_progress", response=begun)
        yield event(
            "response.output_item.added", output_index=0, item=_item(message, "in_progress", [])
        )
        yield event("response.content_part.added", **place, part=_part("", []))
        async for piece in answer_texts(events):
            if isinstance(piece, str):
                said += piece
                yield event("response.output_text.delta", **place, delta=piece, logprobs=[])
                continue
            # The text as it was told: a stream cannot take back what a model said before it failed.
            item = _message(message, piece)
            item["content"][0]["text"] = said
            yield event("response.output_text.done", **place, text=said, logprobs=[])
            yield event("response.content_part.done", **place, part=item["content"][0])
            yield event("response.output_item.done", output_index=0, item=item)
            yield event("response.completed", response=_completed(begun, item, piece))
    except MdsaError as error:
        problem, _ = describe(error, request.scope)
        failed = {"code": "server_error", "message": problem["detail"]}
        response = {**begun, "status": "failed", "error": failed}
        yield event("response.failed", response=response)
