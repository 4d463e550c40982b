"""The circuit breaker: opens after failures in a row, probes once, closes after a success."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from mdsa.models.circuit_breaker import CircuitBreaker, Permit


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def breaker(clock: Callable[[], float], **options: float) -> CircuitBreaker:
    return CircuitBreaker(failures=3, recovery_s=10.0, max_recovery_s=35.0, clock=clock, **options)


def let_through(subject: CircuitBreaker) -> Permit:
    permit = subject.admit()
    assert permit is not None
    return permit


def fail(subject: CircuitBreaker, times: int = 1) -> None:
    for _ in range(times):
        let_through(subject).failed("refused")


def opened(clock: Callable[[], float]) -> CircuitBreaker:
    subject = breaker(clock)
    fail(subject, 3)
    return subject


def test_it_opens_after_failures_in_a_row() -> None:
    subject = breaker(Clock())

    fail(subject, 2)
    assert subject.state == "closed"
    fail(subject)

    assert subject.state == "open"
    assert subject.admit() is None
    assert subject.reason == "refused"


def test_a_success_between_failures_starts_the_count_anew() -> None:
    subject = breaker(Clock())

    fail(subject, 2)
    let_through(subject).succeeded()
    fail(subject, 2)

    assert subject.state == "closed"


def test_after_the_recovery_time_one_probe_goes_through_and_the_others_are_refused() -> None:
    clock = Clock()
    subject = opened(clock)

    clock.now += 9.9
    assert subject.admit() is None
    clock.now += 0.2
    probe = let_through(subject)

    assert subject.state == "half_open"
    assert subject.admit() is None
    probe.succeeded()
    assert subject.state == "closed"
    let_through(subject)


def test_a_failing_probe_opens_it_for_twice_as_long_up_to_the_most() -> None:
    clock = Clock()
    subject = opened(clock)
    rests = []

    for _ in range(3):
        clock.now += subject.snapshot()["retry_in_s"]
        let_through(subject).failed("refused")
        rests.append(subject.snapshot()["retry_in_s"])

    assert rests == [20.0, 35.0, 35.0]


def test_the_first_rest_is_short_again_after_a_success() -> None:
    clock = Clock()
    subject = opened(clock)
    clock.now += 10
    let_through(subject).failed("refused")
    clock.now += 20
    let_through(subject).succeeded()

    fail(subject, 3)

    assert subject.snapshot()["retry_in_s"] == 10.0


def test_a_probe_that_was_cancelled_leaves_the_next_call_to_probe() -> None:
    clock = Clock()
    subject = opened(clock)
    clock.now += 10

    let_through(subject).abandoned()

    assert subject.state == "open"
    let_through(subject).succeeded()
    assert subject.state == "closed"


def test_calls_that_began_before_it_opened_do_not_count_afterwards() -> None:
    clock = Clock()
    subject = breaker(clock)
    early, late = let_through(subject), let_through(subject)
    fail(subject, 3)

    early.succeeded()
    assert subject.state == "open"
    clock.now += 10
    probe = let_through(subject)
    late.failed("slow")

    assert subject.state == "half_open"
    probe.succeeded()
    assert subject.state == "closed"


def test_a_permit_counts_once() -> None:
    subject = breaker(Clock())

    permit = let_through(subject)
    for _ in range(5):
        permit.failed("refused")
    permit.abandoned()

    assert subject.snapshot()["failures_in_a_row"] == 1


def test_of_many_threads_one_probes() -> None:
    clock = Clock()
    subject = opened(clock)
    clock.now += 10

    with ThreadPoolExecutor(8) as pool:
        permits = list(pool.map(lambda _: subject.admit(), range(64)))

    assert sum(permit is not None for permit in permits) == 1
    assert subject.snapshot()["refused_total"] == 63


async def test_of_many_tasks_one_probes() -> None:
    clock = Clock()
    subject = opened(clock)
    clock.now += 10

    async def call() -> bool:
        permit = subject.admit()
        await asyncio.sleep(0)
        if permit is not None:
            permit.succeeded()
        return permit is not None

    assert sum(await asyncio.gather(*(call() for _ in range(20)))) == 1
    assert subject.state == "closed"
