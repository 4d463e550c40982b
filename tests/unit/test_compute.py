"""Work that computes runs in few threads, with the caller's context."""

import asyncio
import os
import threading
from contextvars import ContextVar

from mdsa.utils.compute import compute

ASKED = ContextVar("asked", default="nobody")


async def test_no_more_threads_than_cores_compute_at_a_time():
    at_work, most, lock = 0, 0, threading.Lock()
    go_on = threading.Event()

    def work():
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        go_on.wait(30)
        with lock:
            at_work -= 1

    working = [asyncio.create_task(compute(work)) for _ in range(3 * (os.cpu_count() or 1) + 8)]
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(*working)
    assert most <= min(4, os.cpu_count() or 1)


async def test_what_is_computed_sees_the_callers_context():
    ASKED.set("me")
    assert await compute(ASKED.get) == "me"
    assert await compute(threading.current_thread) is not threading.current_thread()
