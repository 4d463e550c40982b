"""Announces what happens inside MDSA to whoever subscribed, in the publisher's thread."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from inspect import iscoroutinefunction
from threading import Lock
from types import MappingProxyType
from typing import Any

from blinker import Signal

from mdsa.errors import InvalidInputError, UnknownNameError

__all__ = ["EVERY_TOPIC", "Handler", "Message", "MessageBus", "Subscription", "Topic"]

EVERY_TOPIC = "*"
"""Subscribes to all topics."""

_log = logging.getLogger(__name__)


class Topic(StrEnum):
    """What is announced. Payloads carry ids, names and figures, no text of messages."""

    REQUEST_RECEIVED = "request.received"
    REQUEST_COMPLETED = "request.completed"
    REQUEST_FAILED = "request.failed"
    REQUEST_INTERRUPTED = "request.interrupted"
    DOMAIN_REGISTERED = "domain.registered"
    DOMAIN_REMOVED = "domain.removed"
    TOOL_EXECUTED = "tool.executed"


@dataclass(frozen=True, slots=True)
class Message:
    """One announcement.

    Attributes:
        payload: read-only, and the same object for every subscriber.
        timestamp: seconds since the epoch.
    """

    topic: str
    payload: Mapping[str, Any]
    timestamp: float = field(default_factory=time.time)


Handler = Callable[[Message], object]


class Subscription:
    """A handler's place on the bus, until `unsubscribe` is called."""

    def __init__(self, topic: str, remove: Callable[[], None]) -> None:
        self.topic = topic
        self._remove = remove

    def unsubscribe(self) -> None:
        """Stop the deliveries; a second call does nothing.

        A message that is on its way in another thread may still arrive.
        """
        self._remove()


class MessageBus:
    """Topics, and handlers that are called for each message. Thread-safe.

    Handlers run in the publisher's thread, in no fixed order, and must be quick. One that raises
    is logged and counted; the publisher and the other handlers go on. Handlers are held by strong
    references, so a lambda stays subscribed.

    Args:
        extra_topics: topics of the application, besides those of `Topic`.
    """

    def __init__(self, extra_topics: Iterable[str] = ()) -> None:
        self._topics = frozenset([*map(str, Topic), *extra_topics])
        self._lock = Lock()
        self._signal = Signal()
        self._receivers: set[Callable[[Message], None]] = set()
        self._published: Counter[str] = Counter()
        self._failed_deliveries = 0

    def subscribe(self, topic: str, handler: Handler) -> Subscription:
        """Call `handler` with every message of `topic`, or of all topics for `"*"`.

        The same handler may subscribe several times and is then called several times.

        Raises:
            UnknownNameError: no such topic; the message lists those there are.
            InvalidInputError: the handler cannot be called, or is a coroutine function.
        """
        if topic != EVERY_TOPIC:
            self._check_topic(topic)
        if not callable(handler):
            raise InvalidInputError(f"{handler!r} cannot be called; subscribe a function.")
        if iscoroutinefunction(handler) or iscoroutinefunction(type(handler).__call__):
            raise InvalidInputError(
                f"{handler!r} is a coroutine function, which the bus would not await; subscribe a "
                "function that hands the message to your event loop."
            )
        # A receiver of its own per subscription: blinker connects one callable only once.
        receiver = partial(self._deliver, handler)
        with self._lock:
            if topic == EVERY_TOPIC:
                self._signal.connect(receiver, weak=False)
            else:
                self._signal.connect(receiver, sender=str(topic), weak=False)
            self._receivers.add(receiver)
        return Subscription(str(topic), partial(self._remove, receiver))

    def publish(self, topic: str, payload: Mapping[str, Any] | None = None) -> None:
        """Call the handlers of `topic` and those of `"*"`, one after another.

        Raises:
            UnknownNameError: no such topic.
        """
        self._check_topic(topic)
        message = Message(str(topic), MappingProxyType(dict(payload or {})))
        with self._lock:
            self._published[message.topic] += 1
            receivers = list(self._signal.receivers_for(message.topic))
        for receiver in receivers:
            receiver(message)

    def stats(self) -> dict[str, Any]:
        """Counts since the bus was made: messages, subscribers, failed deliveries, by topic."""
        with self._lock:
            return {
                "total_messages": self._published.total(),
                "active_subscribers": len(self._receivers),
                "failed_deliveries": self._failed_deliveries,
                "messages_by_topic": dict(self._published),
            }

    def _deliver(self, handler: Handler, message: Message) -> None:
        try:
            handler(message)
        except Exception:  # noqa: BLE001 - whatever a subscriber does, the publisher goes on
            with self._lock:
                self._failed_deliveries += 1
            _log.exception("subscriber %r of topic %s failed", handler, message.topic)

    def _remove(self, receiver: Callable[[Message], None]) -> None:
        with self._lock:
            self._signal.disconnect(receiver)
            self._receivers.discard(receiver)

    def _check_topic(self, topic: str) -> None:
        if topic not in self._topics:
            raise UnknownNameError("topic", topic, self._topics)
