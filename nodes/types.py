"""The forms that a node takes, with the parameter names that LangGraph calls by."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from langgraph.runtime import Runtime

from mdsa.graph.context import RunContext

__all__ = ["Node", "RuntimeNode"]

StateT = TypeVar("StateT", contravariant=True)


class Node(Protocol[StateT]):
    """A node that needs the state alone."""

    def __call__(self, state: StateT) -> dict[str, Any]:
        """Give the partial update."""
        ...


class RuntimeNode(Protocol[StateT]):
    """A node that reads the run's context."""

    def __call__(self, state: StateT, *, runtime: Runtime[RunContext]) -> dict[str, Any]:
        """Give the partial update."""
        ...
