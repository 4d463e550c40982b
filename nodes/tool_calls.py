"""Tool calls as models write them, made fit to be counted, approved and answered one by one."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

from langchain_core.messages import AIMessage, AnyMessage

__all__ = ["with_call_ids", "without_calls"]


def with_call_ids(reply: AIMessage, earlier: Sequence[AnyMessage]) -> AIMessage:
    """Give every call an id that no other call of the conversation has.

    Small models leave ids out or count from zero in every reply. A person's decision on one call
    would then hold for another one, or for none.
    """
    taken = {
        call["id"]
        for message in earlier
        if isinstance(message, AIMessage) and message.id != reply.id
        for call in message.tool_calls
    }
    calls = []
    for call in reply.tool_calls:
        if not call["id"] or call["id"] in taken:
            call = {**call, "id": uuid4().hex}
        taken.add(call["id"])
        calls.append(call)
    return reply if calls == reply.tool_calls else reply.model_copy(update={"tool_calls": calls})


def without_calls(reply: AIMessage) -> AIMessage:
    """Drop the calls of a model that was offered no tools; no result would ever answer them."""
    if not reply.tool_calls and not reply.invalid_tool_calls:
        return reply
    return AIMessage(
        reply.text,
        id=reply.id,
        response_metadata=reply.response_metadata,
        usage_metadata=reply.usage_metadata,
    )
