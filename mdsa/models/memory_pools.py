"""One memory budget for the computer's memory, and one for the GPU's where models run there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict
from functools import cached_property
from typing import Any

from mdsa.models.memory_budget import LoadEvent, MemoryBudget
from mdsa.utils.hardware import Device, HardwareDetector

__all__ = ["MemoryPools", "default_limit_bytes"]

_SHARE_OF_RAM = 0.5
"""The rest is for the knowledge, the router, other processes, and what a prompt takes."""

_SHARE_OF_GPU = 0.8
_BYTES_PER_GB = 1_000_000_000


class MemoryPools:
    """The budgets of models that run in this process, made when they are first asked for.

    Args:
        device: `auto`, `cpu`, `cuda` or `mps`, where `hf://` models run.
        limit_gb: of each budget, in GB; None takes a share of what the hardware has.
        hardware: looks at the machine.
    """

    def __init__(
        self,
        device: str = "auto",
        limit_gb: float | None = None,
        hardware: HardwareDetector | None = None,
    ) -> None:
        self._wanted = device
        self._limit_gb = limit_gb
        self._hardware = hardware or HardwareDetector()
        self._lock = threading.Lock()
        self._budgets: dict[str, MemoryBudget] = {}
        self._listeners: list[Callable[[LoadEvent], None]] = []

    @cached_property
    def device(self) -> Device:
        """Where `hf://` models run. Telling may import torch, on a machine with a GPU.

        Raises:
            ConfigError: the wanted device is not there.
        """
        return self._hardware.resolve_device(self._wanted)

    def of_device(self) -> MemoryBudget:
        """The budget of the device that `hf://` models run on; Apple's GPU shares the RAM.

        Raises:
            ConfigError: the wanted device is not there.
        """
        return self._budget("cuda") if self.device == "cuda" else self.of_cpu()

    def of_cpu(self) -> MemoryBudget:
        """The budget of the computer's own memory."""
        return self._budget("cpu")

    def subscribe(self, listener: Callable[[LoadEvent], None]) -> Callable[[], None]:
        """Call `listener` with the events of all budgets; see `MemoryBudget.subscribe`."""
        with self._lock:
            self._listeners.append(listener)

        def unsubscribe() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return unsubscribe

    def stats(self) -> dict[str, Any]:
        """By memory, `cpu` and `cuda`: counts, bytes, and what is loaded; JSON-ready."""
        with self._lock:
            budgets = dict(self._budgets)
        return {
            name: {**budget.stats(), "loaded": [asdict(item) for item in budget.loaded()]}
            for name, budget in budgets.items()
        }

    def close(self) -> None:
        """Release all; see `MemoryBudget.close`."""
        with self._lock:
            budgets = list(self._budgets.values())
        for budget in budgets:
            budget.close()

    def _budget(self, name: str) -> MemoryBudget:
        with self._lock:
            if name not in self._budgets:
                limit = self._limit_gb
                size = (
                    default_limit_bytes(name, self._hardware)
                    if limit is None
                    else int(limit * _BYTES_PER_GB)
                )
                self._budgets[name] = MemoryBudget(size)
                self._budgets[name].subscribe(self._tell)
            return self._budgets[name]

    def _tell(self, event: LoadEvent) -> None:
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            listener(event)


def default_limit_bytes(device: str, hardware: HardwareDetector) -> int:
    """Memory that models may take together where no setting says so, in bytes."""
    if device == "cuda":
        return int(hardware.gpu_memory_gb() * _SHARE_OF_GPU * _BYTES_PER_GB)
    return int(hardware.usable_ram_gb * _SHARE_OF_RAM * _BYTES_PER_GB)
