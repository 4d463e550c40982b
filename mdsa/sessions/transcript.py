"""Messages of a session as plain dicts, and what may be a session's name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from langchain_core.messages import BaseMessage
from typing_extensions import TypedDict

from mdsa.errors import InvalidInputError

__all__ = ["TranscriptMessage", "to_transcript", "validate_session_id"]

_ROLES: Final = {"human": "user", "ai": "assistant"}
_MAX_ID_CHARS: Final = 200


class TranscriptMessage(TypedDict):
    """One message for display."""

    role: str
    """`user`, `assistant`, `system` or `tool`."""
    content: str
    domain: str | None
    """Who answered: `additional_kwargs["domain"]` of the stored message."""


def to_transcript(messages: Iterable[Any]) -> list[TranscriptMessage]:
    """Return the messages as plain dicts; anything that is no message is left out."""
    return [
        TranscriptMessage(
            role=_ROLES.get(message.type, message.type),
            content=str(message.text),
            domain=message.additional_kwargs.get("domain"),
        )
        for message in messages
        if isinstance(message, BaseMessage)
    ]


def validate_session_id(session_id: object) -> str:
    """Return the id if it can name a session.

    Raises:
        InvalidInputError: it is not text of 1 to 200 printable characters without leading or
            trailing space.
    """
    if (
        isinstance(session_id, str)
        and 1 <= len(session_id) <= _MAX_ID_CHARS
        and session_id.isprintable()
        and session_id == session_id.strip()
    ):
        return session_id
    shown = repr(session_id)
    raise InvalidInputError(
        f"session_id {shown[:60]}{'…' if len(shown) > 60 else ''} cannot be used: give 1 to "
        f"{_MAX_ID_CHARS} printable characters without leading or trailing space, such as "
        "'sess_abc123'."
    )
