"""LangServe's streams, as this server sends events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from starlette.types import Scope

from mdsa.errors import MdsaError
from mdsa.server.event_stream import encode_event
from mdsa.server.langserve.runnable import Serving
from mdsa.server.problems import describe, unexpected_problem

__all__ = ["Pump"]

_ERROR = "error"


class Pump:
    """Runs a stream of LangServe's in one task, which can be ended at any time.

    LangServe's generators cannot be closed: each of them answers that with one more event. Nor does
    a `stream_log` that is cancelled end its run, which is in
    another task. And its own response would end with the signal to
    stop, before the turns in flight have.

    Args:
        events: LangServe's, each with an `event` and its `data`.
        request: whose turn it is.
    """

    def __init__(self, events: AsyncIterator[dict[str, str]], request: Serving) -> None:
        self._request = request
        self._queue: asyncio.Queue[dict[str, str] | BaseException | None] = asyncio.Queue()
        self._task = asyncio.create_task(self._run(events))
        self._first: dict[str, str] | None = None

    async def start(self) -> None:
        """Wait for the first event: what is refused until then still has a status.

        Raises:
            MdsaError: the turn was refused.
        """
        self._first = await self._next()

    async def parts(self, scope: Scope) -> AsyncGenerator[bytes]:
        """The encoded events; an error is the last of them."""
        try:
            event = self._first
            while event is not None:
                yield encode_event(event.get("data", ""), event["event"])
                event = await self._next()
        except MdsaError as error:
            problem, _ = describe(error, scope)
            yield encode_event(_error(problem), _ERROR)
        except Exception:
            yield encode_event(_error(unexpected_problem(scope)), _ERROR)
            raise

    async def close(self) -> None:
        """End the turn, wherever it is."""
        running = {self._task, *self._request.tasks}
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _run(self, events: AsyncIterator[dict[str, str]]) -> None:
        end: BaseException | None = None
        try:
            async for event in events:
                # The exception that follows says what went wrong.
                if event["event"] != _ERROR:
                    self._queue.put_nowait(event)
        except BaseException as error:
            end = error
            if isinstance(error, asyncio.CancelledError):
                raise
        finally:
            self._queue.put_nowait(end)

    async def _next(self) -> dict[str, str] | None:
        item = await self._queue.get()
        if isinstance(item, BaseException):
            raise item
        return item


def _error(problem: dict[str, Any]) -> dict[str, Any]:
    """As `RemoteRunnable` reads it."""
    return {"status_code": problem["status"], "message": problem["detail"], "problem": problem}
