"""Time in checkpoint ids: UUIDs of version 6, which count 100 ns units since 1582-10-15."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from langgraph.checkpoint.base import id as checkpoint_ids

__all__ = ["advance_clock", "checkpoint_time"]

_UNIX_EPOCH_TICKS: Final = 0x01B21DD213814000
_TICKS_PER_S: Final = 10_000_000


def checkpoint_time(checkpoint_id: str) -> datetime:
    """When a checkpoint was made, in UTC; 1970 for an id that does not tell."""
    seconds = (_ticks(checkpoint_id) - _UNIX_EPOCH_TICKS) / _TICKS_PER_S
    try:
        return datetime.fromtimestamp(max(seconds, 0), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)


def advance_clock(checkpoint_id: str) -> None:
    """Make this process's next checkpoint ids sort after `checkpoint_id`.

    LangGraph takes the highest id for the latest checkpoint. Were the computer's clock set back
    between two runs of MDSA, new turns would be stored, acknowledged and never seen again.
    LangGraph guards against this within one process only, by the variable set here.
    """
    last: int | None = getattr(checkpoint_ids, "_last_v6_timestamp", None)
    later = max(last or 0, _ticks(checkpoint_id))
    setattr(checkpoint_ids, "_last_v6_timestamp", later)  # noqa: B010 - typed as None over there


def _ticks(checkpoint_id: str) -> int:
    try:
        value = UUID(checkpoint_id)
    except ValueError:
        return 0
    return checkpoint_ids.UUID(int=value.int).time if value.version == 6 else 0
