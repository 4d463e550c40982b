"""The feed wakes watchers across threads, and holds nothing."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

import pytest

from mdsa.core.message_bus import MessageBus, Topic
from mdsa.server.dashboard.feed import Feed
from mdsa.server.refusals import OverloadedError


async def test_every_watcher_is_woken_once_by_many_messages():
    bus = MessageBus()
    feed = Feed(bus)
    with feed.watch() as one, feed.watch() as other:

        def publish_often() -> None:
            for _ in range(100):
                bus.publish(Topic.REQUEST_RECEIVED)

        await asyncio.to_thread(publish_often)
        async with asyncio.timeout(30):
            await asyncio.gather(one.wait(), other.wait())
    assert bus.stats()["active_subscribers"] == 0
    assert bus.stats()["failed_deliveries"] == 0


async def test_watchers_are_few_and_leave_room_when_they_go():
    feed = Feed(MessageBus(), most=2)
    with ExitStack() as watching:
        watching.enter_context(feed.watch())
        watching.enter_context(feed.watch())
        with pytest.raises(OverloadedError) as refused, feed.watch():
            pass
        assert refused.value.retry_after_s
    with feed.watch():
        pass


async def test_a_watcher_that_comes_later_is_woken_too():
    bus = MessageBus()
    feed = Feed(bus)
    with feed.watch():
        bus.publish(Topic.REQUEST_RECEIVED)
    with feed.watch() as happened:
        await asyncio.to_thread(bus.publish, Topic.REQUEST_COMPLETED)
        async with asyncio.timeout(30):
            await happened.wait()
