"""Work in a thread whose results are read while it goes on, and which can be cancelled."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Generic, TypeVar

__all__ = ["Work", "aiterate", "iterate"]

T = TypeVar("T")
Work = Callable[[Callable[[T], None], threading.Event], None]
"""Gives results to its first argument, and ends soon after the second one is set."""


class _End:
    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class _Thread(threading.Thread, Generic[T]):
    def __init__(self, work: Work[T], deliver: Callable[[T | _End], None]) -> None:
        super().__init__(name="mdsa-hf-generation", daemon=True)
        self.cancelled = threading.Event()
        self._work = work
        self._deliver = deliver

    def run(self) -> None:
        error: BaseException | None = None
        try:
            self._work(self._deliver, self.cancelled)
        except BaseException as raised:  # noqa: BLE001 - raised again where the results are read
            error = raised
        self._deliver(_End(error))


def iterate(work: Work[T]) -> Iterator[T]:
    """Run work in a thread and give its results; leaving early cancels it and waits for its end."""
    results: queue.SimpleQueue[T | _End] = queue.SimpleQueue()
    thread: _Thread[T] = _Thread(work, results.put)
    thread.start()
    try:
        while not isinstance(result := results.get(), _End):
            yield result
        if result.error is not None:
            raise result.error
    finally:
        thread.cancelled.set()
        thread.join()


async def aiterate(work: Work[T]) -> AsyncIterator[T]:
    """Async twin of `iterate`, which does not wait for the end of cancelled work."""
    loop = asyncio.get_running_loop()
    results: asyncio.Queue[T | _End] = asyncio.Queue()

    def deliver(result: T | _End) -> None:
        try:
            loop.call_soon_threadsafe(results.put_nowait, result)
        except RuntimeError:  # the loop was closed: nobody reads any more
            thread.cancelled.set()

    thread: _Thread[T] = _Thread(work, deliver)
    thread.start()
    try:
        while not isinstance(result := await results.get(), _End):
            yield result
        if result.error is not None:
            raise result.error
    finally:
        thread.cancelled.set()
