"""The memory budget: what is loaded, what makes room, who waits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from fakes.resident_weights import Weights, loaded, use

from mdsa.errors import ModelMemoryError, ModelUnavailableError
from mdsa.models.memory_budget import LoadEvent, MemoryBudget
from mdsa.models.out_of_memory import is_out_of_memory


def test_what_was_loaded_stays_for_the_next_call() -> None:
    budget, weights = MemoryBudget(100), Weights("a")

    use(budget, weights, weights)

    assert weights.log == ["load"]
    assert loaded(budget) == ["a"]
    assert budget.stats()["used_bytes"] == 40


def test_the_least_recently_used_makes_room() -> None:
    budget = MemoryBudget(100)
    first, second, third = Weights("a"), Weights("b"), Weights("c")

    use(budget, first, second, first, third)

    assert loaded(budget) == ["a", "c"]
    assert second.log == ["load", "release"]
    assert budget.stats() == {
        "limit_bytes": 100,
        "used_bytes": 80,
        "loads": 3,
        "releases": 1,
        "failed_loads": 0,
    }


def test_several_are_released_for_a_large_one_and_no_more_than_needed() -> None:
    budget = MemoryBudget(100)
    small = [Weights(name, 25) for name in "abcd"]

    use(budget, *small, Weights("large", 45))

    assert loaded(budget) == ["c", "d", "large"]


def test_what_is_in_use_is_not_released() -> None:
    budget = MemoryBudget(100)
    first, second, third = Weights("a"), Weights("b"), Weights("c")

    with budget.using(first):
        use(budget, second, third)

    assert loaded(budget) == ["c", "a"]
    assert first.log == ["load"]


def test_a_model_larger_than_the_limit_is_refused_with_the_setting_to_raise() -> None:
    budget = MemoryBudget(2_000_000_000)

    with pytest.raises(ModelMemoryError, match=r"3\.00 GB.*2\.00 GB.*MDSA_MODEL_MEMORY_GB"):
        use(budget, Weights("huge", 3_000_000_000))


def test_a_call_waits_for_room_and_gets_it() -> None:
    budget = MemoryBudget(60)
    first, second = Weights("a"), Weights("b")

    with ThreadPoolExecutor(1) as pool:
        with budget.using(first):
            waiting = pool.submit(use, budget, second)
            while not budget._waiting:
                pass
            assert not second.loading.is_set()
        waiting.result(10)

    assert first.log == ["load", "release"]
    assert second.log == ["load"]


def test_a_call_that_waits_for_too_long_says_who_is_in_the_way() -> None:
    budget = MemoryBudget(60, wait_s=0.01)

    with (
        budget.using(Weights("busy")),
        pytest.raises(ModelMemoryError, match=r"'late'.*busy"),
    ):
        use(budget, Weights("late"))


def test_one_thread_loads_and_the_others_wait_for_it() -> None:
    budget, weights = MemoryBudget(100), Weights("a")
    weights.may_load.clear()

    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(use, budget, weights) for _ in range(8)]
        assert weights.loading.wait(10)
        weights.may_load.set()
        for call in calls:
            call.result(10)

    assert weights.log == ["load"]
    assert budget.loaded()[0].users == 0


def test_different_models_are_loaded_one_after_the_other() -> None:
    budget, first, second = MemoryBudget(100), Weights("a"), Weights("b")
    first.may_load.clear()

    with ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(use, budget, first)]
        assert first.loading.wait(10)
        calls.append(pool.submit(use, budget, second))
        while "b" not in budget._slots:
            pass
        assert not second.loading.is_set()
        first.may_load.set()
        for call in calls:
            call.result(10)

    assert second.log == ["load"]


def test_a_failed_loading_reaches_all_that_wait_and_the_next_call_tries_again() -> None:
    budget = MemoryBudget(100)
    weights = Weights("a", 40, ModelUnavailableError("not here"))
    weights.may_load.clear()

    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(use, budget, weights)
        assert weights.loading.wait(10)
        others = [pool.submit(use, budget, weights) for _ in range(3)]
        while budget._slots["a"].users < 4:
            pass
        weights.may_load.set()
        for call in (first, *others):
            with pytest.raises(ModelUnavailableError, match="not here"):
                call.result(10)

    assert budget.stats()["used_bytes"] == 0
    use(budget, weights)
    assert weights.log == ["load"]


@pytest.mark.parametrize(
    "failure", [MemoryError(), RuntimeError("DefaultCPUAllocator: not enough memory")]
)
def test_idle_models_make_room_where_memory_runs_out_in_spite_of_the_estimate(
    failure: Exception,
) -> None:
    budget = MemoryBudget(100)
    idle, greedy = Weights("idle"), Weights("greedy", 40, failure)

    use(budget, idle, greedy)

    assert idle.log == ["load", "release"]
    assert loaded(budget) == ["greedy"]


def test_out_of_memory_with_nothing_to_release_comes_through() -> None:
    with pytest.raises(MemoryError):
        use(MemoryBudget(100), Weights("a", 40, MemoryError()))


def test_a_model_that_is_busy_does_not_keep_others_out_for_ever() -> None:
    """After the patience of one that waits, newcomers queue behind it instead of overtaking."""
    now = [0.0]
    budget = MemoryBudget(60, patience_s=5, clock=lambda: now[0])
    busy, other = Weights("busy"), Weights("other")
    order: list[str] = []

    def call(resident: Weights) -> None:
        with budget.using(resident):
            order.append(resident.name)

    with ThreadPoolExecutor(4) as pool:
        with budget.using(busy):
            waiting = pool.submit(call, other)
            while len(budget._waiting) < 1:
                pass
            call(busy)  # overtakes: the other one has not waited for long
            now[0] = 6.0
            late = pool.submit(call, busy)
            while len(budget._waiting) < 2:
                pass
        waiting.result(10)
        late.result(10)

    assert order == ["busy", "other", "busy"]


def test_what_is_loaded_does_not_wait_for_those_that_wait_for_a_loading() -> None:
    now = [0.0]
    budget = MemoryBudget(100, patience_s=5, clock=lambda: now[0])
    ready, slow = Weights("ready"), Weights("slow")
    use(budget, ready)
    slow.may_load.clear()

    with ThreadPoolExecutor(3) as pool:
        loader = pool.submit(use, budget, slow)
        assert slow.loading.wait(10)
        joined = pool.submit(use, budget, slow)
        while budget._slots["slow"].users < 2:
            pass
        now[0] = 6.0
        pool.submit(use, budget, ready).result(5)
        assert not joined.done()
        slow.may_load.set()
        loader.result(10)
        joined.result(10)


def test_close_releases_what_is_idle_now_and_the_rest_when_its_user_is_done() -> None:
    budget = MemoryBudget(100)
    idle, used = Weights("idle"), Weights("used")
    use(budget, idle)

    with budget.using(used):
        budget.close()
        assert loaded(budget) == ["used"]
    assert loaded(budget) == []

    use(budget, used)
    assert used.log == ["load", "release", "load"]


def test_events_tell_what_happens() -> None:
    budget = MemoryBudget(60)
    events: list[LoadEvent] = []
    end = budget.subscribe(events.append)

    use(budget, Weights("a"), Weights("b"))
    with pytest.raises(ModelUnavailableError):
        use(budget, Weights("c", 10, ModelUnavailableError("not here")))
    end()
    use(budget, Weights("d", 10))

    assert [(event.kind, event.name) for event in events] == [
        ("loading", "a"),
        ("loaded", "a"),
        ("released", "a"),
        ("loading", "b"),
        ("loaded", "b"),
        ("loading", "c"),
        ("failed", "c"),
    ]
    assert "not here" in events[-1].detail


def test_many_threads_over_few_places_lose_nothing() -> None:
    budget = MemoryBudget(100)
    models = [Weights(name) for name in "abcde"]

    def work(seed: int) -> None:
        for step in range(20):
            use(budget, models[(seed * 7 + step * step) % len(models)])

    with ThreadPoolExecutor(8) as pool, ExitStack() as stack:
        stack.callback(budget.close)
        list(pool.map(work, range(8)))
        assert budget.stats()["used_bytes"] <= 100

    stats = budget.stats()
    assert stats["used_bytes"] == 0
    assert stats["loads"] == stats["releases"] == sum(item.log.count("load") for item in models)


@pytest.mark.parametrize(
    ("error", "says_so"),
    [
        (MemoryError(), True),
        (ModelMemoryError("x"), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (RuntimeError("shapes do not fit"), False),
        (ModelUnavailableError("the stream broke off; the server may be out of memory"), False),
        (ConnectionError("out of memory"), False),
    ],
)
def test_only_what_says_so_is_out_of_memory(error: Exception, says_so: bool) -> None:
    assert is_out_of_memory(error) is says_so
    wrapped = ValueError("generation failed")
    wrapped.__cause__ = error
    assert is_out_of_memory(wrapped) is says_so
