"""One event loop in a thread of its own, for callers with and without a loop.

The checkpointer, its database and the session leases belong to one event loop. All turns run on
it, so any number of threads and event loops can share one orchestrator.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from queue import SimpleQueue
from typing import TypeVar

from mdsa.errors import MdsaError

__all__ = ["LoopThread"]

T = TypeVar("T")


class _End:
    """Closes a stream; carries what it failed with."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class LoopThread:
    """Runs coroutines for other threads.

    The thread is a daemon, and nothing waits for it when the program ends: one that never calls
    `close` ends as if it had. anyio's blocking portal is not used for that reason: its last
    reference, dropped while Python shuts down, waits for a thread that runs no more.
    """

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._lock = threading.Lock()
        self._closing = False
        self._failure: BaseException | None = None
        self._loop = asyncio.new_event_loop()
        self._stopped = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="mdsa-loop", daemon=True)
        self._thread.start()

    def enter(self, manager: AbstractAsyncContextManager[T]) -> T:
        """Enter a context manager on the loop; it is left at `close`."""
        return self.call(lambda: self._stack.enter_async_context(manager))

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
        self._refuse_own_thread()
        with self._lock:
            if not self._closing:
                self._closing = True
                self._loop.call_soon_threadsafe(self._stopped.set)
        try:
            self._thread.join()
        except BaseException:  # Ctrl-C, say: the caller waits no longer
            if self._thread.is_alive():
                self._loop.call_soon_threadsafe(self._cancel_all)
            raise
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:  # noqa: BLE001 - raised by close, in the caller's thread
            self._failure = error
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            # This leaves threads of the loop that hang to themselves instead of waiting for them.
            self._loop.close()

    async def _serve(self) -> None:
        try:
            await self._stopped.wait()
            while others := asyncio.all_tasks() - {asyncio.current_task()}:
                await asyncio.wait(others)
        finally:
            await self._stack.aclose()

    def _cancel_all(self) -> None:
        for task in asyncio.all_tasks(self._loop):
            task.cancel()

    def _start(self, function: Callable[[], Awaitable[T]]) -> Future[T]:
        self._refuse_own_thread()

        async def run() -> T:
            return await function()

        with self._lock:
            if self._closing:
                raise MdsaError("the agent was closed while the call came in; call it again.")
            return asyncio.run_coroutine_threadsafe(run(), self._loop)

    def _refuse_own_thread(self) -> None:
        if threading.current_thread() is self._thread:
            raise RuntimeError(
                "this call would wait for itself: it comes from the agent's own event loop, on "
                "which subscribers of the message bus run; hand it to another thread."
            )

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
