"""A step so short that it runs where it is called."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from langchain_core.runnables import Runnable, RunnableConfig

__all__ = ["OnLoop"]

StateT = TypeVar("StateT")
ResultT = TypeVar("ResultT")


class OnLoop(Runnable[StateT, ResultT]):
    """Runs a node, or a choice of the next one, on the event loop.

    LangGraph gives sync functions of an async run to a thread. For well under a millisecond of
    work that costs more than the work: two changes of threads, each of which waits for Python's
    global lock while other turns compute.

    Args:
        func: the node, or the choice.
        unless: tells by the state that this time it is long and belongs into a thread.
    """

    name: str | None = None  # LangGraph asks for it; the base class only declares it

    def __init__(
        self, func: Callable[[StateT], ResultT], *, unless: Callable[[StateT], bool] | None = None
    ) -> None:
        self._func = func
        self._unless = unless

    def invoke(
        self,
        input: StateT,  # noqa: A002 - the base class's name
        config: RunnableConfig | None = None,  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> ResultT:
        """Give the update, or what comes next."""
        return self._func(input)

    async def ainvoke(
        self,
        input: StateT,  # noqa: A002 - the base class's name
        config: RunnableConfig | None = None,  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> ResultT:
        """Give the update, or what comes next."""
        if self._unless is not None and self._unless(input):
            return await asyncio.to_thread(self._func, input)
        return self._func(input)
