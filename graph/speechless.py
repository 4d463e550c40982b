"""Domains for which the embedded reader has nothing to say: no document and no tool."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from mdsa.domains import DomainConfig
from mdsa.errors import StorageError

__all__ = ["speechless"]


@runtime_checkable
class CountedKnowledge(Protocol):
    """Knowledge that tells how much it holds."""

    def count(self, *, domain: str | None = None) -> int:
        """Passages of a domain's own; None counts those that all domains share."""
        ...


def speechless(domains: Iterable[DomainConfig], knowledge: object) -> list[str]:
    """Names of the domains that could answer nothing, for want of anything to quote or to call.

    Args:
        domains: those that the embedded reader answers for, without a tool.
        knowledge: none is named where it does not tell how much it holds, or cannot be read.
    """
    if not isinstance(knowledge, CountedKnowledge):
        return []
    try:
        if knowledge.count():
            return []
        return [one.name for one in domains if not knowledge.count(domain=one.name)]
    except StorageError:  # whoever needs it is told; not every turn does
        return []
