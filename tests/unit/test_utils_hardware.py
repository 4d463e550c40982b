from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from mdsa.errors import ConfigError
from mdsa.utils import HardwareDetector


def test_a_machine_without_usable_gpu_is_a_cpu_machine_with_no_gpu_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    if sys.platform == "darwin":
        pytest.skip("CUDA_VISIBLE_DEVICES does not hide Apple's GPU")
    detector = HardwareDetector()

    assert detector.has_gpu() is False
    assert f"{detector.gpu_memory_gb():.1f} GB" == "0.0 GB"
    assert detector.get_recommended_device() == "cpu"


def test_answers_agree_with_each_other() -> None:
    detector = HardwareDetector()

    assert detector.has_gpu() == (detector.get_recommended_device() != "cpu")
    assert (detector.gpu_memory_gb() > 0) == (detector.get_recommended_device() == "cuda")


def test_processors_and_memory_are_those_of_the_machine() -> None:
    detector = HardwareDetector()

    assert 1 <= detector.cpu_count <= (os.cpu_count() or 1)
    assert detector.ram_gb * 1e9 == pytest.approx(psutil.virtual_memory().total)


def test_torch_is_not_loaded_to_learn_that_there_is_no_gpu() -> None:
    program = (
        "import sys\n"
        "from mdsa.utils import HardwareDetector\n"
        "detector = HardwareDetector()\n"
        "detector.has_gpu(), detector.gpu_memory_gb(), detector.ram_gb\n"
        "sys.exit('torch' in sys.modules)\n"
    )
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": ""}
    if sys.platform == "darwin":
        pytest.skip("CUDA_VISIBLE_DEVICES does not hide Apple's GPU")
    assert subprocess.run([sys.executable, "-c", program], env=environment).returncode == 0


def test_a_device_is_what_the_setting_says_or_an_error_that_says_what_to_do() -> None:
    detector = HardwareDetector()
    missing = "mps" if detector.get_recommended_device() == "cuda" else "cuda"

    assert detector.resolve_device("auto") == detector.get_recommended_device()
    assert detector.resolve_device("cpu") == "cpu"
    with pytest.raises(ConfigError, match="MDSA_DEVICE"):
        detector.resolve_device(missing)
    with pytest.raises(ConfigError, match=r"'tpu'.*auto, cpu, cuda, mps"):
        detector.resolve_device("tpu")


def test_weights_on_the_cpu_are_bfloat16_only_where_it_computes_with_them() -> None:
    detector = HardwareDetector()
    info = Path("/proc/cpuinfo")
    flags = info.read_text().split() if info.exists() else []
    native = not {"avx512_bf16", "amx_bf16", "bf16"}.isdisjoint(flags)

    assert detector.recommended_dtype("cpu") == ("bfloat16" if native else "float32")
    assert detector.recommended_dtype("mps") == "float16"


def test_memory_that_may_be_used_is_no_more_than_there_is() -> None:
    detector = HardwareDetector()

    assert 0 < detector.usable_ram_gb <= detector.ram_gb
