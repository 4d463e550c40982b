"""What is told of the event loop: that it came late, and whether it was its own doing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from fakes.web_agents import until
from prometheus_client import CollectorRegistry

from mdsa.server.loop_lag import BUSY_METRIC, LAG_METRIC, LoopLag

_BLOCKED_S = 0.08


def wait() -> None:
    time.sleep(_BLOCKED_S)


def compute() -> None:
    end = time.thread_time() + _BLOCKED_S
    while time.thread_time() < end:
        pass


@pytest.mark.parametrize(("callback", "computed"), [(wait, 0), (compute, 1)])
async def test_a_blocked_loop_is_late_and_busy_only_where_it_computes(
    callback: Callable[[], None], computed: int
):
    registry = CollectorRegistry()
    watching = asyncio.create_task(LoopLag(registry).watch())
    await asyncio.sleep(0)  # it has asked to be called
    callback()
    await until(lambda: bool(registry.get_sample_value(f"{LAG_METRIC}_count")))
    watching.cancel()

    def longer_than_50_ms(metric: str) -> float:
        count = registry.get_sample_value(f"{metric}_count") or 0.0
        return count - (registry.get_sample_value(f"{metric}_bucket", {"le": "0.05"}) or 0.0)

    assert longer_than_50_ms(LAG_METRIC) >= 1
    assert longer_than_50_ms(BUSY_METRIC) == computed
