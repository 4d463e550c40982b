"""Which hardware models can run on, found without loading torch where there is no GPU."""

from __future__ import annotations

import os
import platform
import shutil
from functools import cached_property
from pathlib import Path
from typing import Literal

import psutil

__all__ = ["Device", "HardwareDetector"]

Device = Literal["cuda", "mps", "cpu"]

_BYTES_PER_GB = 1_000_000_000
_GPU_DEVICE_FILES = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg", "/dev/kfd")
"""NVIDIA's driver, the GPU of Windows' Linux subsystem, and AMD's driver."""


class HardwareDetector:
    """Looks at the machine once, when first asked.

    torch is imported, which takes seconds, only where the machine shows signs of a GPU. Whether
    the GPU can be used is torch's answer: a build of torch without CUDA or ROCm has none.
    """

    def has_gpu(self) -> bool:
        """Whether torch can run on a GPU here: CUDA, ROCm, or Apple's MPS."""
        return self._device != "cpu"

    def gpu_memory_gb(self) -> float:
        """Memory of the largest GPU in GB (10^9 bytes).

        0.0 without a GPU, and on Apple silicon, whose GPU has no memory of its own.
        """
        if self._device != "cuda":
            return 0.0
        import torch

        sizes = (
            torch.cuda.get_device_properties(index).total_memory
            for index in range(torch.cuda.device_count())
        )
        return max(sizes, default=0) / _BYTES_PER_GB

    def get_recommended_device(self) -> Device:
        """The fastest device that torch can use here."""
        return self._device

    @property
    def cpu_count(self) -> int:
        """CPU cores that this process may use."""
        if hasattr(os, "sched_getaffinity"):
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1

    @property
    def ram_gb(self) -> float:
        """Main memory of the machine in GB (10^9 bytes)."""
        return float(psutil.virtual_memory().total) / _BYTES_PER_GB

    @cached_property
    def _device(self) -> Device:
        if not _shows_gpu():
            return "cpu"
        import torch

        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"


def _shows_gpu() -> bool:
    if os.environ.get("CUDA_VISIBLE_DEVICES") in {"", "-1"}:
        return platform.system() == "Darwin"
    if platform.system() == "Darwin":
        return platform.machine() == "arm64"
    return any(Path(file).exists() for file in _GPU_DEVICE_FILES) or (
        shutil.which("nvidia-smi") is not None
    )
