"""One holder per session, in one event loop and across several."""

import asyncio
import threading

import pytest

from mdsa.errors import SessionBusyError, StorageError
from mdsa.sessions import SessionLeases


async def test_second_holder_waits_until_the_first_has_gone(tmp_path):
    leases = SessionLeases(tmp_path, wait_s=30)
    order = []

    async def second():
        async with leases.hold("s1"):
            order.append("second")

    async with leases.hold("s1"):
        task = asyncio.create_task(second())
        await asyncio.sleep(0.02)
        order.append("first")
    await task
    assert order == ["first", "second"]


@pytest.mark.parametrize("own_instance", [True, False])
async def test_busy_session_is_named_with_the_way_out(tmp_path, own_instance):
    leases = SessionLeases(tmp_path, wait_s=0.02)
    other = SessionLeases(tmp_path, wait_s=0.02) if own_instance else leases
    async with leases.hold("sess_abc"):
        with pytest.raises(SessionBusyError, match=r"'sess_abc' is busy.*MDSA_SESSION_WAIT_S"):
            async with other.hold("sess_abc"):
                raise AssertionError("two holders")
    async with other.hold("sess_abc", wait_s=0):
        pass


async def test_other_sessions_are_free(tmp_path):
    leases = SessionLeases(tmp_path, wait_s=0)
    async with leases.hold("s1"), leases.hold("s2"), SessionLeases(tmp_path, 0).hold("s3"):
        pass


async def test_lease_ends_with_an_error_and_with_cancellation(tmp_path):
    leases = SessionLeases(tmp_path, wait_s=0)
    with pytest.raises(ZeroDivisionError):
        async with leases.hold("s1"):
            raise ZeroDivisionError
    entered = asyncio.Event()

    async def holder():
        async with leases.hold("s1"):
            entered.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(holder())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with leases.hold("s1"), SessionLeases(tmp_path, 0).hold("s2"):
        pass


async def test_cancelled_waiter_does_not_keep_the_lease(tmp_path):
    leases = SessionLeases(tmp_path, wait_s=30)
    other = SessionLeases(tmp_path, wait_s=30)
    async with leases.hold("s1"):
        waiters = [asyncio.create_task(x.hold("s1").__aenter__()) for x in (leases, other)]
        await asyncio.sleep(0.05)
        for waiter in waiters:
            waiter.cancel()
        await asyncio.gather(*waiters, return_exceptions=True)
    async with other.hold("s1", wait_s=1):
        pass


def test_many_threads_with_loops_of_their_own_exclude_each_other(tmp_path):
    # Lock files come and go all the time here: two inodes under one name would show.
    inside = 0
    total = 0
    overlaps = []

    async def work():
        nonlocal inside, total
        leases = SessionLeases(tmp_path, wait_s=60)
        for _ in range(15):
            async with leases.hold("s1"):
                inside += 1
                overlaps.append(inside)
                await asyncio.sleep(0)
                total += 1
                inside -= 1

    threads = [threading.Thread(target=lambda: asyncio.run(work())) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert total == 90
    assert max(overlaps) == 1


async def test_lock_files_do_not_pile_up(tmp_path):
    leases = SessionLeases(tmp_path, wait_s=1)
    for number in range(20):
        async with leases.hold(f"session {number}"):
            assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []


async def test_unusable_directory_is_a_storage_error(tmp_path):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(StorageError, match="data directory must be writable"):
        async with SessionLeases(file / "leases", wait_s=1).hold("s1"):
            pass
