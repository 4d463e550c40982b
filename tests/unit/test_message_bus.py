from __future__ import annotations

import gc
import logging
import threading

import pytest

from mdsa.core.message_bus import EVERY_TOPIC, Message, MessageBus, Topic
from mdsa.errors import InvalidInputError, UnknownNameError


def test_a_message_reaches_the_subscribers_of_its_topic_and_of_every_topic() -> None:
    bus = MessageBus()
    completed: list[Message] = []
    failed: list[Message] = []
    everything: list[Message] = []
    bus.subscribe(Topic.REQUEST_COMPLETED, completed.append)
    bus.subscribe(Topic.REQUEST_FAILED, failed.append)
    bus.subscribe(EVERY_TOPIC, everything.append)

    bus.publish(Topic.REQUEST_COMPLETED, {"request_id": "r1"})

    assert [message.payload for message in completed] == [{"request_id": "r1"}]
    assert failed == []
    assert everything == completed
    assert everything[0].topic == "request.completed"


def test_topics_may_be_written_as_text() -> None:
    bus = MessageBus()
    got: list[Message] = []
    bus.subscribe("tool.executed", got.append)

    bus.publish("tool.executed", {"tool": "lookup"})

    assert len(got) == 1


def test_a_lambda_stays_subscribed_without_another_reference() -> None:
    bus = MessageBus()
    got: list[str] = []
    bus.subscribe(Topic.TOOL_EXECUTED, lambda message: got.append(message.topic))
    gc.collect()

    bus.publish(Topic.TOOL_EXECUTED)

    assert got == ["tool.executed"]


def test_a_failing_subscriber_harms_neither_publisher_nor_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bus = MessageBus()
    got: list[Message] = []

    def fail(message: Message) -> None:
        raise RuntimeError("the dashboard is gone")

    for handler in (fail, got.append, fail, got.append):
        bus.subscribe(Topic.REQUEST_COMPLETED, handler)
    with caplog.at_level(logging.ERROR):
        bus.publish(Topic.REQUEST_COMPLETED)

    assert len(got) == 2
    assert bus.stats()["failed_deliveries"] == 2
    assert "the dashboard is gone" in caplog.text


def test_one_handler_subscribed_twice_is_called_twice_and_leaves_one_at_a_time() -> None:
    bus = MessageBus()
    got: list[Message] = []
    first = bus.subscribe(Topic.DOMAIN_REGISTERED, got.append)
    bus.subscribe(Topic.DOMAIN_REGISTERED, got.append)

    bus.publish(Topic.DOMAIN_REGISTERED)
    first.unsubscribe()
    first.unsubscribe()
    bus.publish(Topic.DOMAIN_REGISTERED)

    assert len(got) == 3
    assert bus.stats()["active_subscribers"] == 1


def test_a_subscriber_cannot_change_what_the_next_one_gets() -> None:
    bus = MessageBus()
    payload = {"domain": "orders"}
    got: list[Message] = []

    def change(message: Message) -> None:
        message.payload["domain"] = "billing"  # type: ignore[index]  # the point of the test

    bus.subscribe(Topic.DOMAIN_REMOVED, change)
    bus.subscribe(Topic.DOMAIN_REMOVED, got.append)
    bus.publish(Topic.DOMAIN_REMOVED, payload)
    payload["domain"] = "shipping"

    assert got[0].payload == {"domain": "orders"}
    assert bus.stats()["failed_deliveries"] == 1


def test_an_unknown_topic_is_refused_with_the_nearest_spelling() -> None:
    bus = MessageBus()
    with pytest.raises(UnknownNameError, match=r"did you mean 'request\.completed'"):
        bus.subscribe("request.complete", print)
    with pytest.raises(UnknownNameError, match="unknown topic"):
        bus.publish("*", {})


def test_an_application_may_add_topics() -> None:
    bus = MessageBus(extra_topics=["ticket.opened"])
    got: list[Message] = []
    bus.subscribe("ticket.opened", got.append)

    bus.publish("ticket.opened", {"id": 7})

    assert got[0].payload["id"] == 7


async def _handle_later(message: Message) -> None: ...


class _AsyncHandler:
    async def __call__(self, message: Message) -> None: ...


@pytest.mark.parametrize("handler", [_handle_later, _AsyncHandler(), "not a function"])
def test_what_the_bus_could_never_call_is_refused(handler: object) -> None:
    with pytest.raises(InvalidInputError, match="subscribe a function"):
        MessageBus().subscribe(Topic.TOOL_EXECUTED, handler)  # type: ignore[arg-type]  # on purpose


def test_stats_count_messages_and_subscribers() -> None:
    bus = MessageBus()
    assert bus.stats()["total_messages"] == bus.stats()["active_subscribers"] == 0
    bus.subscribe(EVERY_TOPIC, lambda _: None)
    bus.subscribe(Topic.TOOL_EXECUTED, lambda _: None)

    bus.publish(Topic.TOOL_EXECUTED)
    bus.publish(Topic.REQUEST_RECEIVED)
    bus.publish(Topic.REQUEST_RECEIVED)

    assert bus.stats() == {
        "total_messages": 3,
        "active_subscribers": 2,
        "failed_deliveries": 0,
        "messages_by_topic": {"tool.executed": 1, "request.received": 2},
    }


def test_a_handler_may_subscribe_unsubscribe_and_publish() -> None:
    bus = MessageBus()
    got: list[str] = []

    def once(message: Message) -> None:
        subscription.unsubscribe()
        bus.subscribe(Topic.TOOL_EXECUTED, lambda inner: got.append(inner.topic))
        bus.publish(Topic.TOOL_EXECUTED)

    subscription = bus.subscribe(Topic.REQUEST_RECEIVED, once)
    bus.publish(Topic.REQUEST_RECEIVED)
    bus.publish(Topic.REQUEST_RECEIVED)

    assert got == ["tool.executed"]


def test_threads_lose_no_message_while_others_come_and_go() -> None:
    bus = MessageBus()
    seen: list[object] = []
    bus.subscribe(Topic.REQUEST_RECEIVED, seen.append)
    start = threading.Barrier(8)

    def publish() -> None:
        start.wait()
        for _ in range(200):
            bus.publish(Topic.REQUEST_RECEIVED)

    def come_and_go() -> None:
        start.wait()
        for _ in range(200):
            bus.subscribe(Topic.REQUEST_RECEIVED, lambda _: None).unsubscribe()

    threads = [threading.Thread(target=work) for work in (publish, come_and_go) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(seen) == bus.stats()["total_messages"] == 800
    assert bus.stats()["active_subscribers"] == 1
