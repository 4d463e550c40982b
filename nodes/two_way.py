"""A node with a sync and an async form, of which LangGraph takes the one that fits the run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from langchain_core.runnables import Runnable, RunnableConfig, ensure_config

__all__ = ["TwoWayNode"]

StateT = TypeVar("StateT")


class TwoWayNode(Runnable[StateT, dict[str, Any]], Generic[StateT]):
    """Runs within the node's own trace.

    A `RunnableLambda` would do the same, but opens a second run inside the node's for every call.
    """

    def __init__(
        self,
        func: Callable[[StateT, RunnableConfig], dict[str, Any]],
        afunc: Callable[[StateT, RunnableConfig], Awaitable[dict[str, Any]]],
    ) -> None:
        self._func = func
        self._afunc = afunc

    def invoke(
        self,
        input: StateT,  # noqa: A002 - the base class's name
        config: RunnableConfig | None = None,
        **kwargs: Any,  # noqa: ARG002
    ) -> dict[str, Any]:
        """Give the partial update."""
        return self._func(input, ensure_config(config))

    async def ainvoke(
        self,
        input: StateT,  # noqa: A002 - the base class's name
        config: RunnableConfig | None = None,
        **kwargs: Any,  # noqa: ARG002
    ) -> dict[str, Any]:
        """Give the partial update."""
        return await self._afunc(input, ensure_config(config))
