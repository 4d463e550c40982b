"""One event loop in a thread of its own, for callers with and without a loop.

The checkpointer, its database and the session leases belong to one event loop. All turns run on
it, so any number of threads and event loops can share one orchestrator.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, ExitStack
from queue import SimpleQueue
from typing import Any, TypeVar

from anyio.from_thread import BlockingPortal, start_blocking_portal

from mdsa.errors import MdsaError

__all__ = ["LoopThread"]

T = TypeVar("T")


class _End:
    """Closes a stream; carries what it failed with."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class LoopThread:
    """Runs coroutines for other threads. The thread is a daemon: it never keeps a program alive."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._portal: BlockingPortal = self._stack.enter_context(
            start_blocking_portal(name="mdsa-loop")
        )
        self._idle = threading.Condition()
        self._starting = 0
        self._tasks: set[Future[Any]] = set()
        self._closing = False

    def enter(self, manager: AbstractAsyncContextManager[T]) -> T:
        """Enter a context manager on the loop; it is left at `close`."""
        return self._stack.enter_context(self._portal.wrap_async_context_manager(manager))

    def call(self, function: Callable[[], Awaitable[T]]) -> T:
        """Run a coroutine function and wait for it; the caller must not be on this loop.

        Whatever interrupts the wait, such as Ctrl-C, stops the coroutine.
        """
        task = self._start(function)
        try:
            return task.result()
        finally:
            task.cancel()

    async def acall(self, function: Callable[[], Awaitable[T]]) -> T:
        """Run a coroutine function and await it from another event loop."""
        return await asyncio.wrap_future(self._start(function))

    def stream(self, events: Callable[[], AsyncIterator[T]]) -> Iterator[T]:
        """Iterate over an async iterator; closing the iterator stops it."""
        queue: SimpleQueue[T | _End] = SimpleQueue()
        task = self._pump(events, queue.put)
        try:
            while not isinstance(item := queue.get(), _End):
                yield item
            if item.error is not None:
                raise item.error
        finally:
            task.cancel()

    async def astream(self, events: Callable[[], AsyncIterator[T]]) -> AsyncIterator[T]:
        """Iterate from another event loop; closing the iterator stops it."""
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[T | _End] = asyncio.Queue()

        def put(item: T | _End) -> None:
            loop.call_soon_threadsafe(queue.put_nowait, item)

        task = self._pump(events, put)
        try:
            while not isinstance(item := await queue.get(), _End):
                yield item
            if item.error is not None:
                raise item.error
        finally:
            task.cancel()

    def close(self) -> None:
        """Wait for what runs, leave the context managers and stop the loop."""
        try:
            with self._idle:
                self._closing = True
                self._idle.wait_for(lambda: not self._starting and not self._tasks)
        except BaseException:  # Ctrl-C, say: the caller waits no longer
            with self._idle:
                tasks = list(self._tasks)
            for task in tasks:
                task.cancel()
            raise
        finally:
            self._stack.close()

    def _start(self, function: Callable[[], Awaitable[T]]) -> Future[T]:
        with self._idle:
            if self._closing:
                raise MdsaError("the agent was closed while the call came in; call it again.")
            self._starting += 1
        task: Future[T] | None = None
        try:
            # Without the lock: it waits for the loop, on which ended tasks wait for the lock.
            task = self._portal.start_task_soon(function)
        finally:
            with self._idle:
                self._starting -= 1
                if task is not None:
                    self._tasks.add(task)
                self._idle.notify_all()
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: Future[Any]) -> None:
        with self._idle:
            self._tasks.discard(task)
            self._idle.notify_all()

    def _pump(
        self, events: Callable[[], AsyncIterator[T]], put: Callable[[T | _End], None]
    ) -> Future[None]:
        """Iterate in one task of the loop: a time limit may not change tasks on the way."""

        async def pump() -> None:
            error: BaseException | None = None
            try:
                async for event in events():
                    put(event)
            except BaseException as raised:
                error = raised
                if isinstance(raised, asyncio.CancelledError):
                    raise
            finally:
                put(_End(error))

        return self._start(pump)
