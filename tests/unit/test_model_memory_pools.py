"""Memory budgets by device, and their size where no setting gives one."""

from __future__ import annotations

from typing import Any

import pytest

from mdsa.errors import ConfigError
from mdsa.models import ModelRegistry
from mdsa.models.memory_budget import LoadEvent
from mdsa.models.memory_pools import MemoryPools, default_limit_bytes
from mdsa.settings import Settings
from mdsa.utils.hardware import Device, HardwareDetector


class Machine(HardwareDetector):
    """A machine with 16 GB of RAM and, on request, a GPU of 10 GB."""

    def __init__(self, device: Device = "cpu") -> None:
        self.wanted = device

    def gpu_memory_gb(self) -> float:
        return 10.0 if self.wanted == "cuda" else 0.0

    def resolve_device(self, wanted: str = "auto") -> Device:
        if wanted not in ("auto", "cpu", self.wanted):
            raise ConfigError(f"no {wanted}")
        return "cpu" if wanted == "cpu" else self.wanted

    @property
    def usable_ram_gb(self) -> float:
        return 16.0


class Weights:
    name = "hf://x"

    def estimate_bytes(self) -> int:
        return 10

    def load(self) -> str:
        return "loaded"

    def release(self) -> None: ...


def test_half_of_the_ram_and_most_of_the_gpu_are_for_models() -> None:
    assert default_limit_bytes("cpu", Machine()) == 8_000_000_000
    assert default_limit_bytes("mps", Machine("mps")) == 8_000_000_000
    assert default_limit_bytes("cuda", Machine("cuda")) == 8_000_000_000


def test_one_memory_serves_all_where_models_run_on_the_cpu() -> None:
    pools = MemoryPools("auto", None, Machine())

    assert pools.of_device() is pools.of_cpu()
    assert pools.of_cpu().limit_bytes == 8_000_000_000


def test_apples_gpu_uses_the_computers_memory() -> None:
    pools = MemoryPools("auto", None, Machine("mps"))

    assert pools.of_device() is pools.of_cpu()


def test_a_gpu_has_a_memory_of_its_own() -> None:
    pools = MemoryPools("auto", 2.5, Machine("cuda"))

    assert pools.of_device() is not pools.of_cpu()
    assert pools.of_device().limit_bytes == pools.of_cpu().limit_bytes == 2_500_000_000
    assert set(pools.stats()) == {"cpu", "cuda"}


def test_the_cpus_memory_is_there_where_the_wanted_device_is_not() -> None:
    pools = MemoryPools("cuda", None, Machine())

    assert pools.of_cpu().limit_bytes > 0
    with pytest.raises(ConfigError, match="no cuda"):
        pools.of_device()


def test_listeners_hear_of_memories_that_are_made_after_them() -> None:
    pools = MemoryPools("auto", None, Machine("cuda"))
    events: list[LoadEvent] = []
    end = pools.subscribe(events.append)

    with pools.of_device().using(Weights()):
        pass
    end()
    pools.close()

    assert [event.kind for event in events] == ["loading", "loaded"]
    assert pools.stats()["cuda"]["loaded"] == []


def test_a_registry_tells_what_its_models_take_and_how_they_fare() -> None:
    registry = ModelRegistry(Settings(device="cpu", model_memory_gb=1.0, breaker_failures=1))
    assert registry.stats() == {"memory": {}, "breakers": {}}

    with registry.memory.of_cpu().using(Weights()):
        stats: dict[str, Any] = registry.stats()["memory"]["cpu"]
    breaker = registry.breaker("ollama://llama3:8b")
    permit = breaker.admit()
    assert permit is not None
    permit.failed("down")

    assert stats["loaded"] == [{"name": "hf://x", "size_bytes": 10, "users": 1, "idle_s": 0.0}]
    assert registry.breaker(" ollama://llama3:8b ") is breaker
    assert registry.breaker("ollama://other") is not breaker
    assert registry.stats()["breakers"]["ollama://llama3:8b"]["state"] == "open"
    registry.close()
    assert registry.stats()["memory"]["cpu"]["used_bytes"] == 0
