"""A domain's time: nodes count what they take, and give up where none is left."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from fakes.node_runs import arun, run

from mdsa.nodes.time_budget import TimeBudget, turn_deadline
from mdsa.nodes.time_limit import within_time
from mdsa.nodes.two_way import TwoWayNode


class Clock:
    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def turn_ends_at() -> Iterator[Any]:
    token = turn_deadline.set(None)
    yield turn_deadline.set
    turn_deadline.reset(token)


def node(clock: Clock, takes_s: float, budget: TimeBudget, *, first: bool = False) -> Any:
    def work(state: Any, config: Any) -> dict[str, Any]:
        clock.now += takes_s
        return {"did": "work"}

    async def awork(state: Any, config: Any) -> dict[str, Any]:
        return work(state, config)

    return within_time(TwoWayNode(work, awork), budget, lambda _: {"did": "nothing"}, first=first)


async def both(subject: Any, state: Any) -> dict[str, Any]:
    update = run(subject, state)
    assert await arun(subject, state) == update
    return update


async def test_nodes_add_up_what_they_take(clock: Clock) -> None:
    subject = node(clock, 2.0, TimeBudget(10, clock))

    assert await both(subject, {"spent_s": 3.0}) == {"did": "work", "spent_s": 5.0}
    assert await both(subject, {}) == {"did": "work", "spent_s": 2.0}


async def test_the_first_node_of_a_turn_starts_the_count(clock: Clock) -> None:
    subject = node(clock, 2.0, TimeBudget(10, clock), first=True)

    assert await both(subject, {"spent_s": 300.0}) == {"did": "work", "spent_s": 2.0}


async def test_without_time_the_node_does_not_run(clock: Clock) -> None:
    subject = node(clock, 2.0, TimeBudget(10, clock))

    assert await both(subject, {"spent_s": 10.0}) == {"did": "nothing", "spent_s": 10.0}


async def test_a_wait_between_nodes_does_not_count(clock: Clock) -> None:
    """A person may think for longer than the domain may take."""
    subject = node(clock, 2.0, TimeBudget(10, clock))
    update = await both(subject, {"spent_s": 3.0})

    clock.now += 1000

    assert (await both(subject, update))["did"] == "work"


async def test_the_turns_deadline_holds_beside_the_domains_limit(
    clock: Clock, turn_ends_at: Any
) -> None:
    turn_ends_at(clock.now + 4)
    budget = TimeBudget(10, clock)

    assert budget.left_s(0.0) == 4
    assert budget.left_s(7.0) == 3
    assert TimeBudget(None, clock).left_s(7.0) == 4
    turn_ends_at(clock.now)
    assert (await both(node(clock, 1.0, budget), {}))["did"] == "nothing"


def test_without_limits_there_is_always_time(clock: Clock) -> None:
    assert TimeBudget(None, clock).left_s(1e9) is None


async def test_an_async_node_is_stopped_when_the_time_is_over() -> None:
    async def hang(state: Any, config: Any) -> dict[str, Any]:
        return await asyncio.Future()

    subject: Any = within_time(
        TwoWayNode(lambda *_: {}, hang), TimeBudget(0.02), lambda _: {"did": "nothing"}
    )

    update = await arun(subject, {})

    assert update["did"] == "nothing"
    assert update["spent_s"] > 0


async def test_a_time_limit_of_the_nodes_own_comes_through() -> None:
    def own(state: Any, config: Any) -> dict[str, Any]:
        raise TimeoutError("the database's")

    async def aown(state: Any, config: Any) -> dict[str, Any]:
        return own(state, config)

    subject: Any = within_time(TwoWayNode(own, aown), TimeBudget(30), lambda _: {})

    with pytest.raises(TimeoutError, match="the database's"):
        run(subject, {})
    with pytest.raises(TimeoutError, match="the database's"):
        await arun(subject, {})
