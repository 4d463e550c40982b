"""The memory budget where a release, a load, a listener or a waiting caller is broken off."""

from __future__ import annotations

import logging
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from fakes.resident_weights import Weights, loaded, use

from mdsa.errors import ModelUnavailableError
from mdsa.models.memory_budget import LoadEvent, MemoryBudget


def test_an_error_at_a_release_is_logged_and_the_rest_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    budget = MemoryBudget(100)
    first, second, large = Weights("a"), Weights("b"), Weights("large", 100)
    use(budget, first, second)
    first.release_failure = RuntimeError("CUDA error: an illegal memory access")

    use(budget, large)

    assert loaded(budget) == ["large"]
    assert (first.log, second.log) == (["load", "release"], ["load", "release"])
    assert budget.stats()["releases"] == 2
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.exc_info is not None
    assert record.exc_info[1] is first.release_failure


def test_after_an_interrupted_release_the_others_stay_and_the_next_call_loads() -> None:
    budget = MemoryBudget(100)
    first, second, large = Weights("a"), Weights("b"), Weights("large", 100)
    use(budget, first, second)
    first.release_failure = KeyboardInterrupt()

    with pytest.raises(KeyboardInterrupt):
        use(budget, large)

    assert loaded(budget) == ["b"]
    assert budget.stats()["used_bytes"] == 40
    use(budget, second, large)
    assert second.log == ["load", "release"]
    assert loaded(budget) == ["large"]


def test_who_waits_for_a_loading_that_is_interrupted_before_it_begins_loads_instead() -> None:
    budget, weights = MemoryBudget(100), Weights("a")
    answered = threading.Event()

    def join() -> None:
        use(budget, weights)
        answered.set()

    joins = threading.Thread(target=join, daemon=True)

    def interrupt(event: LoadEvent) -> None:
        end()
        joins.start()
        while budget._slots["a"].users < 2:
            pass
        raise KeyboardInterrupt

    end = budget.subscribe(interrupt)
    with pytest.raises(KeyboardInterrupt):
        use(budget, weights)

    assert answered.wait(10)
    joins.join(10)
    assert loaded(budget) == ["a"]


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs POSIX signals")
def test_who_is_interrupted_while_it_waits_for_a_loading_does_not_hold_the_model(
    request: pytest.FixtureRequest,
) -> None:
    # Where the tests run in the background of a shell, the signal is ignored from birth.
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, former))
    budget, weights = MemoryBudget(100), Weights("a")
    weights.may_load.clear()
    here = threading.get_ident()

    def interrupt() -> None:
        while budget._slots["a"].users < 2:
            pass
        with budget._changed:  # given up by who waits
            signal.pthread_kill(here, signal.SIGINT)

    with ThreadPoolExecutor(2) as pool:
        loader = pool.submit(use, budget, weights)
        assert weights.loading.wait(10)
        interrupts = pool.submit(interrupt)
        with pytest.raises(KeyboardInterrupt):
            use(budget, weights)
        interrupts.result(10)
        weights.may_load.set()
        loader.result(10)

    assert [item.users for item in budget.loaded()] == [0]


def test_a_listener_that_raises_is_logged_and_breaks_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    budget = MemoryBudget(60)
    heard: list[str] = []

    def broken(event: LoadEvent) -> None:
        raise RuntimeError(f"no display for {event.kind}")

    budget.subscribe(broken)
    budget.subscribe(lambda event: heard.append(event.kind))

    use(budget, Weights("a"), Weights("b"))
    with pytest.raises(ModelUnavailableError, match="not here"):
        use(budget, Weights("c", 10, ModelUnavailableError("not here")))

    assert heard == ["loading", "loaded", "released", "loading", "loaded", "loading", "failed"]
    assert [item.users for item in budget.loaded()] == [0]
    assert sum(record.levelno == logging.ERROR for record in caplog.records) == len(heard)


def test_who_is_interrupted_as_its_model_is_loaded_does_not_hold_it() -> None:
    budget, weights = MemoryBudget(100), Weights("a")

    def interrupt(event: LoadEvent) -> None:
        if event.kind == "loaded":
            raise KeyboardInterrupt

    end = budget.subscribe(interrupt)
    with pytest.raises(KeyboardInterrupt):
        use(budget, weights)
    end()

    assert [item.users for item in budget.loaded()] == [0]
    use(budget, weights)
    assert weights.log == ["load"]
