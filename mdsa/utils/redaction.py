"""Keeps what people and models wrote out of the logs."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

__all__ = ["CONTENT_FIELDS", "redact_content"]

CONTENT_FIELDS = frozenset(
    {
        *("answer", "arguments", "args", "body", "completion", "content", "context", "document"),
        *(
            "documents",
            "facts",
            "history",
            "input",
            "message",
            "messages",
            "output",
            "page_content",
        ),
        *("passage", "passages", "prompt", "prompts", "query", "question", "response", "result"),
        *("sources", "sub_queries", "system_prompt", "text", "texts", "tool_output", "utterance"),
    }
)
"""Names of log fields that hold, or may hold, what somebody wrote."""


def redact_content(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A structlog processor: replace every content field by its length.

    Fields inside mappings and lists are found too. The log line's own text (`event`) stays: it is
    what the programmer chose to say.
    """
    for key, value in event.items():
        event[key] = _redacted(key, value)
    return event


def _redacted(key: object, value: object) -> object:
    if isinstance(key, str) and key.lower() in CONTENT_FIELDS:
        return _length(value)
    if isinstance(value, Mapping):
        return {inner: _redacted(inner, item) for inner, item in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(None, item) for item in value]
    return value


def _length(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return f"[{len(value)} characters]"
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return f"[{len(value)} items]"
    return f"[{type(value).__name__}]"
