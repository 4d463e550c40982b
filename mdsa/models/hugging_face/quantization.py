"""Weights as integers, by bitsandbytes: on CUDA, and on the CPU.

INT8 is LLM.int8() (Dettmers et al. 2022), INT4 the NF4 type of QLoRA (Dettmers et al. 2023); both
are made from the original weights while these are loaded. Embeddings and the output layer stay as
they are.
"""

from __future__ import annotations

import logging
from importlib.util import find_spec
from typing import Any

from mdsa.errors import ModelUnavailableError
from mdsa.models.quantization import QuantizationType
from mdsa.utils.hardware import Device, Dtype

__all__ = ["find_quantization_problem", "loading_arguments", "stored_bits"]

_PACKAGES = ("bitsandbytes", "accelerate")


def find_quantization_problem(
    quantization: QuantizationType | None, device: Device
) -> tuple[str, str] | None:
    """Why weights cannot be quantized on a device and what to do; None where they can."""
    if quantization is None:
        return None
    if device == "mps":
        return (
            f"{quantization} weights run on CUDA and on the CPU, not on Apple's GPU",
            "set MDSA_DEVICE=cpu, or leave the quantization out",
        )
    missing = [package for package in _PACKAGES if find_spec(package) is None]
    if missing:
        return (
            f"{quantization} weights need {' and '.join(missing)}",
            "pip install 'mdsa[quantization]'",
        )
    return None


def loading_arguments(
    quantization: QuantizationType | None, device: Device, dtype: Dtype, name: str
) -> dict[str, Any]:
    """Arguments of `from_pretrained` that quantize; none without quantization.

    Raises:
        ModelUnavailableError: it cannot be done here.
    """
    if quantization is None:
        return {}
    problem = find_quantization_problem(quantization, device)
    if problem:
        raise ModelUnavailableError(
            f"model {name!r} cannot be loaded: {problem[0]}; to mend it: {problem[1]}"
        )
    import torch
    import transformers

    make_config: Any = transformers.BitsAndBytesConfig  # its constructor is untyped

    # It tells at every layer that inputs are rounded to float16, and of an optional faster kernel.
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    if quantization is QuantizationType.INT8:
        config = make_config(load_in_8bit=True)
    else:
        config = make_config(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_compute_dtype=getattr(torch, dtype),
        )
    return {"quantization_config": config, "device_map": {"": device}}


def stored_bits(quantization: QuantizationType | None, plain: int) -> float:
    """Bits of a weight in memory, about: what is not quantized and the scales are in it.

    Args:
        quantization: None for `plain`.
        plain: bits of a weight that is not quantized.
    """
    if quantization is None:
        return plain
    bits = 8.0 if quantization is QuantizationType.INT8 else 4.5
    # Embeddings stay, a fifth of a small model's weights.
    return 0.8 * bits + 0.2 * plain
