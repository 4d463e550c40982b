"""Threads for work that keeps a core busy: as many as pay, and no more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache, partial
from typing import ParamSpec, TypeVar

from mdsa.utils.cores import usable_cores

__all__ = ["compute"]

P = ParamSpec("P")
T = TypeVar("T")

_MOST_THREADS = 4


async def compute(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a function that computes and waits for nothing, off the event loop.

    The loop's own threads are more than there are cores, as is right for work that waits. Where
    they compute, each takes Python's global lock from the others and from the loop, which is late
    then. What computes longer than its share waits here in the order of arrival.
    """
    run = partial(copy_context().run, function, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_threads(), run)


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(min(usable_cores(), _MOST_THREADS), thread_name_prefix="mdsa-compute")
