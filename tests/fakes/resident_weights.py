"""A resident of the memory budget whose loading and release a test controls."""

from __future__ import annotations

import threading

from mdsa.models.memory_budget import MemoryBudget

__all__ = ["Weights", "loaded", "use"]


class Weights:
    """A resident that notes what happens to it, and fails as a test wishes."""

    def __init__(self, name: str, size: int = 40, *failures: Exception) -> None:
        self.name = name
        self.size = size
        self.failures = list(failures)
        self.release_failure: BaseException | None = None
        self.log: list[str] = []
        self.may_load = threading.Event()
        self.may_load.set()
        self.loading = threading.Event()

    def estimate_bytes(self) -> int:
        return self.size

    def load(self) -> str:
        assert self.log.count("load") == self.log.count("release"), "loaded twice"
        self.loading.set()
        assert self.may_load.wait(10)
        if self.failures:
            raise self.failures.pop(0)
        self.log.append("load")
        return f"weights of {self.name}"

    def release(self) -> None:
        self.log.append("release")
        if self.release_failure is not None:
            raise self.release_failure


def use(budget: MemoryBudget, *residents: Weights) -> None:
    for resident in residents:
        with budget.using(resident) as loaded:
            assert loaded == f"weights of {resident.name}"


def loaded(budget: MemoryBudget) -> list[str]:
    return [item.name for item in budget.loaded()]
