"""Wakes those who watch when something happens to the agent's turns."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from mdsa.core.message_bus import EVERY_TOPIC, Message, MessageBus, Subscription
from mdsa.server.refusals import OverloadedError

__all__ = ["Feed"]

_RETRY_S = 30


class Feed:
    """The bus' messages as events of one event loop; subscribed only while somebody watches.

    However many messages come, a watcher is woken once, and looks at the figures when it can: what
    is held does not grow with the traffic.

    Args:
        bus: whose messages wake.
        most: watchers at a time.
    """

    def __init__(self, bus: MessageBus, most: int = 32) -> None:
        self._bus = bus
        self._most = most
        self._watchers: set[asyncio.Event] = set()
        self._subscription: Subscription | None = None
        self._waking = False

    @contextmanager
    def watch(self) -> Iterator[asyncio.Event]:
        """Give an event that is set whenever something happened; the watcher clears it.

        Raises:
            OverloadedError: too many watch.
        """
        if len(self._watchers) >= self._most:
            raise OverloadedError(
                f"{self._most} pages watch this server already; close some of them.",
                retry_after_s=_RETRY_S,
            )
        happened = asyncio.Event()
        self._watchers.add(happened)
        if self._subscription is None:
            self._subscription = self._subscribe(asyncio.get_running_loop())
        try:
            yield happened
        finally:
            self._watchers.discard(happened)
            if not self._watchers and self._subscription is not None:
                self._subscription.unsubscribe()
                self._subscription = None

    def _subscribe(self, loop: asyncio.AbstractEventLoop) -> Subscription:
        def hand_over(_message: Message) -> None:
            # In the thread of the turn; a second call before the first was heard adds nothing.
            if not self._waking and not loop.is_closed():
                self._waking = True
                loop.call_soon_threadsafe(self._wake)

        return self._bus.subscribe(EVERY_TOPIC, hand_over)

    def _wake(self) -> None:
        self._waking = False
        for happened in self._watchers:
            happened.set()
