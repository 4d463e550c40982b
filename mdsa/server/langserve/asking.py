"""Reads what a LangServe client sends: whose thread it is, and what it asks there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mdsa.core.domain_turn import domain_session_id
from mdsa.errors import InvalidInputError
from mdsa.server.caller import Caller
from mdsa.server.langserve.schemas import GraphConfig, GraphInput, InputMessage
from mdsa.server.service import Service
from mdsa.server.turn_context import own_session, read_turn_context

__all__ = ["Asked", "read_asked"]

_IMAGES = frozenset({"image", "image_url"})


@dataclass(frozen=True, slots=True)
class Asked:
    """One turn, checked against what the caller may do."""

    message: str | None
    """None goes on with a turn."""
    decision: bool | dict[str, bool] | None
    context: dict[str, Any]


async def read_asked(
    service: Service,
    caller: Caller,
    domain: str | None,
    given: GraphInput,
    config: GraphConfig | None,
) -> Asked:
    """Read a run's input and config.

    The thread is looked for among the caller's own: LangServe passes on nothing of a client's
    config, and this is all that is read of it.

    Args:
        service: of the server.
        caller: who asks.
        domain: whose graph it is; None is the whole one.
        given: the run's input.
        config: the run's config.

    Raises:
        InvalidInputError: a value cannot be used.
        UnknownNameError: a domain that the caller does not see.
        SessionAccessError: a thread that the caller does not own.
        UnknownSessionError: there is no such thread to go on with.
    """
    settings = config.configurable if config is not None else None
    context = settings.model_dump(exclude_none=True) if settings is not None else {}
    if "session_id" in context:
        raise InvalidInputError("configurable.session_id is not read; name a thread_id.")
    thread = context.pop("thread_id", None)
    if thread is not None and domain is not None:
        thread = domain_session_id(domain, thread)
    if not given.messages:
        return await _resumption(service, caller, given, context, thread)
    if given.resume is not None:
        raise InvalidInputError("the input has a message and a decision; give one of them.")
    if len(given.messages) > 1:
        raise InvalidInputError(
            f"the input has {len(given.messages)} messages; send the new one alone, and name the "
            "thread that keeps the others as configurable.thread_id."
        )
    (message,) = given.messages
    if images := _images(message):
        context["images"] = images
    checked = await read_turn_context(service, caller, context=context, session_id=thread)
    return Asked(str(message.to_message().text), None, checked)


async def _resumption(
    service: Service, caller: Caller, given: GraphInput, context: dict[str, Any], thread: str | None
) -> Asked:
    if thread is None:
        raise InvalidInputError(
            "the input has no message; give one, or name the thread whose turn should go on as "
            "configurable.thread_id."
        )
    await own_session(service, caller, thread, context.get("user_id"))
    checked = await read_turn_context(service, caller, context=context)
    return Asked(None, given.resume, {**checked, "session_id": thread})


def _images(message: InputMessage) -> list[object]:
    """Pictures as `read_images` takes them.

    Raises:
        InvalidInputError: the message holds something else than text and pictures.
    """
    blocks = message.content if isinstance(message.content, list) else []
    found: list[object] = []
    for block in blocks:
        kind = str(block.get("type"))
        if kind in _IMAGES:
            given = block.get("image_url")
            found.append(given.get("url") if isinstance(given, dict) else given or block)
        elif kind != "text":
            raise InvalidInputError(
                f"the message holds a block of type {kind!r:.40}; text and pictures are read."
            )
    return found
