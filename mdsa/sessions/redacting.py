"""Keeps what identifies a person out of stored sessions."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import BaseMessage
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.types import Send
from typing_extensions import override

from mdsa.utils.pii import Redact, redact_within

__all__ = ["RedactingSerializer"]

_NAMES = frozenset(
    {"id", "message_id", "domain", "domains", "last_domain", "model", "models", "scope", "status"}
)
"""Keys whose values are the program's and no user's."""


class RedactingSerializer(JsonPlusSerializer):
    """Redacts the texts of messages and of the state as they are stored, and reads strictly.

    The turn that goes on keeps what it was given; later ones read what was stored, and so does a
    turn that waited for approval. Arguments of a message's tool calls are stored as they are: one
    that waits for approval must run with them. As the turn's record, once it has run, they are
    redacted.

    Args:
        redact: of one text.
    """

    def __init__(self, redact: Redact) -> None:
        super().__init__(
            pickle_fallback=False, allowed_json_modules=None, allowed_msgpack_modules=None
        )
        self._redact = redact

    @override
    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
        return super().dumps_typed(self.redacted(obj))

    def redacted(self, value: Any) -> Any:
        """Give a stored value: a checkpoint, a channel's value, or a list of messages."""
        if isinstance(value, dict) and "channel_values" in value and "channel_versions" in value:
            # The rest of a checkpoint is LangGraph's bookkeeping.
            return {**value, "channel_values": self._channels(value["channel_values"])}
        return self._channel("", value)

    def _channels(self, values: dict[str, Any]) -> dict[str, Any]:
        return {name: self._channel(name, value) for name, value in values.items()}

    def _channel(self, name: str, value: Any) -> Any:
        if name in _NAMES:
            return value
        if isinstance(value, Send):  # a branch of the graph that is still to run, with its input
            return Send(value.node, self._channel("", value.arg), timeout=value.timeout)
        if isinstance(value, BaseMessage):
            return value.model_copy(
                update={"content": redact_within(value.content, self._redact, frozenset({"url"}))}
            )
        if isinstance(value, BaseException):  # LangGraph keeps why a step failed, as this text
            return self._redact(repr(value))
        if isinstance(value, list):
            return [self._channel("", item) for item in value]
        if isinstance(value, dict):
            return {key: self._channel(str(key), item) for key, item in value.items()}
        return self._redact(value) if isinstance(value, str) else value
