"""Results of tools: as data for programs, and as text for a model."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

__all__ = ["ToolResult", "result_text"]


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What came of a call.

    Attributes:
        name: the tool's name, as asked for.
        args: its arguments, as given.
        ok: whether it returned.
        value: what it returned; None where it failed.
        error: why it failed; None where it returned.
        latency_ms: wall time of the call in milliseconds.
    """

    name: str
    args: Mapping[str, Any]
    ok: bool
    value: Any
    error: str | None
    latency_ms: float


def result_text(value: object, max_chars: int) -> str:
    """Write a tool's value for a model: text as it is, anything else as JSON.

    What JSON cannot hold is written with `str`. Text beyond `max_chars` characters is cut off, and
    a note at the end says so.
    """
    if isinstance(value, str):
        text = value
    else:
        try:
            text = json.dumps(value, ensure_ascii=False, default=_plain)
        except (TypeError, ValueError, RecursionError):  # keys that are no text, or a cycle
            text = str(value)
    if len(text) <= max_chars:
        return text
    return f"{text[:max_chars]}\n[Cut off: the first {max_chars} of {len(text)} characters.]"


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    return str(value)
