"""What a memory budget keeps loaded, and what it tells of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

__all__ = ["LoadEvent", "Resident", "ResidentStatus"]

T_co = TypeVar("T_co", covariant=True)


class Resident(Protocol[T_co]):
    """Something that takes much memory while it is loaded, such as a model's weights."""

    @property
    def name(self) -> str:
        """What it is called, such as `hf://microsoft/phi-2`; residents of one name are the same."""
        ...

    def estimate_bytes(self) -> int:
        """Memory that it takes once it is loaded; quick, and called before `load`.

        Raises:
            ModelUnavailableError: it is not on this machine.
        """
        ...

    def load(self) -> T_co:
        """Load it. A budget loads one resident at a time, and never one that is loaded.

        Raises:
            ModelError: it cannot be loaded.
        """
        ...

    def release(self) -> None:
        """Give the memory back, circles of references included; nobody uses it any more."""
        ...


@dataclass(frozen=True, slots=True)
class LoadEvent:
    """Something that happened to a resident.

    Attributes:
        seconds: how long the loading took; 0.0 for the other kinds.
        detail: why a loading failed.
    """

    kind: Literal["loading", "loaded", "failed", "released"]
    name: str
    size_bytes: int
    seconds: float = 0.0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ResidentStatus:
    """A resident that is in memory; `users` are the calls that hold it now."""

    name: str
    size_bytes: int
    users: int
    idle_s: float
