"""Turns inside a LangChain application: its callbacks see them, and a domain may be asked alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from langchain_core.callbacks import Callbacks

from mdsa.core.domain_turn import domain_session_id
from mdsa.core.engine import Event
from mdsa.core.request import TurnRequest
from mdsa.core.running import Running
from mdsa.errors import UnknownNameError

__all__ = ["Runs"]

_Reader = Callable[[object, Mapping[str, Any] | None], TurnRequest]


class Runs:
    """Async turns of an agent; see `TurnRequest` for what `domain` and `callbacks` are."""

    def __init__(self, read: _Reader, start: Callable[[], Running]) -> None:
        self._read = read
        self._start = start

    async def ask(
        self,
        message: str,
        context: Mapping[str, Any] | None = None,
        *,
        domain: str | None = None,
        callbacks: Callbacks = None,
    ) -> AsyncGenerator[Event]:
        """Answer a message, giving events as `astream_request` does."""
        request = self._request(message, context, domain, callbacks)
        running = await asyncio.to_thread(self._start)
        async for event in running.loop.astream(partial(running.engine.stream, request)):
            yield event

    async def resume(
        self,
        session_id: str,
        decision: bool | Mapping[str, bool] | None = None,
        context: Mapping[str, Any] | None = None,
        *,
        domain: str | None = None,
        callbacks: Callbacks = None,
    ) -> AsyncGenerator[Event]:
        """Go on with a session's unfinished turn, as `aresume` does, giving events on the way."""
        given = {**(context or {}), "session_id": session_id}
        request = self._request("resume", given, domain, callbacks)
        running = await asyncio.to_thread(self._start)
        going_on = partial(running.engine.stream_resumed, request, decision)
        async for event in running.loop.astream(going_on):
            yield event

    def _request(
        self,
        message: str,
        context: Mapping[str, Any] | None,
        domain: str | None,
        callbacks: Callbacks,
    ) -> TurnRequest:
        request = replace(self._read(message, context), callbacks=callbacks)
        if domain is None:
            return request
        allowed = request.run.allowed_domains
        if allowed is not None and domain not in allowed:
            raise UnknownNameError("domain", domain, allowed)
        return replace(
            request, domain=domain, session_id=domain_session_id(domain, request.session_id)
        )
