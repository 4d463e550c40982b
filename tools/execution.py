"""Calls under a time limit, from synchronous and asynchronous code.

A synchronous function runs in a daemon thread of its own. Python cannot kill a thread: after the
time limit the caller goes on and the thread is left to end by itself, without holding up the exit
of the process. A function that never returns therefore leaks a thread per call, which is why the
number of such threads is bounded.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from mdsa.errors import ToolTimeoutError

__all__ = ["TimedCalls"]

_MAX_ABANDONED = 16
_CLEANUP_S = 1.0


class TimedCalls:
    """Runs the calls of one tool. Thread-safe."""

    def __init__(self, name: str, timeout_s: float) -> None:
        self._name = name
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._abandoned = 0

    def call(self, function: Callable[[], Any]) -> Any:
        """Call a synchronous or asynchronous function and wait.

        An asynchronous one runs in an event loop of its own and is cancelled at the limit.

        Raises:
            ToolTimeoutError: the limit has passed, or too many earlier calls hang still.
            Exception: whatever the function raises.
        """
        future = self._start(function)
        # A coroutine is given time to clean up after it was cancelled.
        grace = _CLEANUP_S if inspect.iscoroutinefunction(function) else 0.0
        try:
            outcome = future.result(self._timeout_s + grace)
        except TimeoutError:
            self._abandon(future)
            raise self._timed_out() from None
        return _unpack(outcome)

    async def acall(self, function: Callable[[], Any]) -> Any:
        """Call a synchronous or asynchronous function without blocking the event loop.

        Raises:
            ToolTimeoutError: the limit has passed, or too many earlier calls hang still.
            Exception: whatever the function raises.
        """
        if inspect.iscoroutinefunction(function):
            return await self._limited(function)
        future = self._start(function)
        try:
            async with asyncio.timeout(self._timeout_s):
                outcome = await asyncio.wrap_future(future)
        except (TimeoutError, asyncio.CancelledError) as error:
            self._abandon(future)
            if isinstance(error, asyncio.CancelledError):
                raise
            raise self._timed_out() from None
        return _unpack(outcome)

    async def _limited(self, function: Callable[[], Awaitable[Any]]) -> Any:
        try:
            async with asyncio.timeout(self._timeout_s) as scope:
                return await function()
        except TimeoutError:
            if scope.expired():
                raise self._timed_out() from None
            raise
        except SystemExit as error:
            raise _ended_oddly(error) from error

    def _in_thread(self, function: Callable[[], Any]) -> Any:
        if inspect.iscoroutinefunction(function):
            return asyncio.run(self._limited(function))
        value = function()
        if inspect.isawaitable(value):  # an object with an async __call__, or a lambda
            return asyncio.run(self._limited(lambda: value))
        return value

    def _start(self, function: Callable[[], Any]) -> Future[_Outcome]:
        with self._lock:
            if self._abandoned >= _MAX_ABANDONED:
                raise ToolTimeoutError(
                    f"tool {self._name!r}: {self._abandoned} earlier calls ran past their "
                    f"{self._timeout_s:g} s and are still running; it takes no more until they end."
                )
        future: Future[_Outcome] = Future()
        # From here on a cancelled waiter cannot cancel the future under the thread's feet.
        future.set_running_or_notify_cancel()
        run = partial(contextvars.copy_context().run, self._in_thread, function)
        threading.Thread(
            target=lambda: future.set_result(_outcome(run)),
            name=f"mdsa-tool-{self._name}",
            daemon=True,
        ).start()
        return future

    def _abandon(self, future: Future[_Outcome]) -> None:
        with self._lock:
            self._abandoned += 1
        future.add_done_callback(lambda _: self._ended())

    def _ended(self) -> None:
        with self._lock:
            self._abandoned -= 1

    def _timed_out(self) -> ToolTimeoutError:
        return ToolTimeoutError(
            f"tool {self._name!r} ran longer than its {self._timeout_s:g} s; try again, or give "
            "the tool a longer timeout_s."
        )


_Outcome = tuple[Any, BaseException | None]


def _outcome(function: Callable[[], Any]) -> _Outcome:
    """Carry an error as a value: a future would alter StopIteration and CancelledError."""
    try:
        return function(), None
    except BaseException as error:  # noqa: BLE001 (raised again in the caller's thread)
        return None, error


def _unpack(outcome: _Outcome) -> Any:
    value, error = outcome
    if error is None:
        return value
    if isinstance(error, Exception):
        raise error
    raise _ended_oddly(error) from error


def _ended_oddly(error: BaseException) -> RuntimeError:
    """Stand in for SystemExit and its like, which would end the caller's program."""
    return RuntimeError(f"it ended with {error!r}")
