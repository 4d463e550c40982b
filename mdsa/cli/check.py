"""The outcome of one look of `mdsa doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Check", "Status"]

Status = Literal["ok", "note", "problem"]


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, and how it stands.

    Attributes:
        status: `note` is worth knowing but keeps nothing from working.
        remedy: the command or change that mends it; empty where nothing has to be done.
    """

    name: str
    status: Status
    detail: str
    remedy: str = ""
