"""Which hardware models can run on, found without loading torch where there is no GPU."""

from __future__ import annotations

import os
import platform
import shutil
from functools import cached_property
from pathlib import Path
from typing import Literal

import psutil

from mdsa.errors import ConfigError
from mdsa.utils.cores import usable_cores

__all__ = ["Device", "Dtype", "HardwareDetector"]

Device = Literal["cuda", "mps", "cpu"]
Dtype = Literal["bfloat16", "float16", "float32"]

_BYTES_PER_GB = 1_000_000_000
_GPU_DEVICE_FILES = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg", "/dev/kfd")
"""NVIDIA's driver, the GPU of Windows' Linux subsystem, and AMD's driver."""

_CPU_INFO = Path("/proc/cpuinfo")
_BF16_FLAGS = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
"""What Linux calls instructions for bfloat16, on x86 and on ARM."""

_CGROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
"""Memory limit of the container, in versions 2 and 1 of Linux' control groups."""


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

    def resolve_device(self, wanted: str = "auto") -> Device:
        """The device that a setting means.

        Args:
            wanted: `auto`, which is the recommended one, `cpu`, `cuda` or `mps`.

        Raises:
            ConfigError: there is no such device, or none on this machine.
        """
        if wanted == "auto":
            return self._device
        if wanted == "cpu" or wanted == self._device:
            return "cpu" if wanted == "cpu" else self._device
        if wanted not in ("cuda", "mps"):
            raise ConfigError(f"device is {wanted!r}; choose from auto, cpu, cuda, mps.")
        raise ConfigError(
            f"device is {wanted!r}, and torch sees none here; set MDSA_DEVICE to auto or cpu, or "
            "install a build of torch for this machine's GPU (https://pytorch.org)."
        )

    def recommended_dtype(self, device: Device) -> Dtype:
        """The type of weights that is fast and safe on a device.

        bfloat16 where the processor computes with it, since it halves the memory and keeps the
        range of float32. Older CUDA devices and Apple's get float16. A CPU without instructions for
        bfloat16 would convert at every step, so that it gets float32.
        """
        if device == "cuda":
            import torch

            # Turing and older only emulate it.
            major, _ = torch.cuda.get_device_capability()
            return "bfloat16" if major >= 8 or torch.version.hip else "float16"
        if device == "mps":
            return "float16"
        return "bfloat16" if self._cpu_has_bf16 else "float32"

    @property
    def cpu_count(self) -> int:
        """CPU cores that this process may use."""
        return usable_cores()

    @property
    def ram_gb(self) -> float:
        """Main memory of the machine in GB (10^9 bytes)."""
        return float(psutil.virtual_memory().total) / _BYTES_PER_GB

    @property
    def usable_ram_gb(self) -> float:
        """Main memory that this process may use, in GB: the container's limit, where it has one."""
        limits = [limit for path in _CGROUP_LIMITS if (limit := _read_limit(path)) is not None]
        return min([*limits, float(psutil.virtual_memory().total)]) / _BYTES_PER_GB

    @cached_property
    def _cpu_has_bf16(self) -> bool:
        try:
            text = _CPU_INFO.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return False
        lines = (line.partition(":") for line in text.splitlines())
        flags = (value for key, _, value in lines if key.strip() in {"flags", "Features"})
        return not _BF16_FLAGS.isdisjoint(next(flags, "").split())

    @cached_property
    def _device(self) -> Device:
        if not _shows_gpu():
            return "cpu"
        import torch

        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"


def _read_limit(path: Path) -> float | None:
    try:
        return float(path.read_text(encoding="ascii"))
    except (OSError, ValueError):  # no such file, or the word "max"
        return None


def _shows_gpu() -> bool:
    if os.environ.get("CUDA_VISIBLE_DEVICES") in {"", "-1"}:
        return platform.system() == "Darwin"
    if platform.system() == "Darwin":
        return platform.machine() == "arm64"
    return any(Path(file).exists() for file in _GPU_DEVICE_FILES) or (
        shutil.which("nvidia-smi") is not None
    )
