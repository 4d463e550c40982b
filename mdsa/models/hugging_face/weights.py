"""Weights of the Hugging Face kind that are on this machine: described, loaded, released."""

from __future__ import annotations

import gc
import json
import threading
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mdsa.errors import ModelMemoryError, ModelUnavailableError
from mdsa.models.hugging_face.constraint import Grammars
from mdsa.models.hugging_face.files import find_folder, find_problem, weight_bytes
from mdsa.models.hugging_face.quantization import loading_arguments, stored_bits
from mdsa.models.out_of_memory import is_out_of_memory
from mdsa.models.quantization import QuantizationType
from mdsa.utils.hardware import Device, Dtype, HardwareDetector

__all__ = ["LoadedModel", "LocalWeights"]

_BITS = {"float32": 32, "float16": 16, "bfloat16": 16}
_BESIDES = 1.1
"""Share of what is kept beside the weights: the cache of a prompt, and buffers."""


@dataclass(frozen=True)
class LoadedModel:
    """A model ready on its device; `processor` prepares images for a model that takes them."""

    tokenizer: Any
    model: Any
    processor: Any = None

    @property
    def context_length(self) -> int | None:
        """Most tokens of prompt and answer together; None where the model states no limit."""
        config = self.model.config.get_text_config()
        length = getattr(config, "max_position_embeddings", None)
        return int(length) if length else None

    @cached_property
    def end_tokens(self) -> list[int]:
        """Tokens that end a reply."""
        ends = self.model.generation_config.eos_token_id
        if ends is None:
            ends = self.tokenizer.eos_token_id
        return [] if ends is None else [ends] if isinstance(ends, int) else list(ends)

    @cached_property
    def grammars(self) -> Grammars:
        """What holds its output to a form."""
        vocabulary = int(self.model.get_output_embeddings().weight.shape[0])
        return Grammars(self.tokenizer, vocabulary, self.end_tokens)


class LocalWeights:
    """The weights of a model, as a memory budget holds them.

    Args:
        source: hub id or local folder.
        device: `auto`, `cpu`, `cuda` or `mps`.
        quantization: None keeps floating-point numbers.
        hardware: looks at the machine.
    """

    def __init__(
        self,
        source: str,
        device: str = "auto",
        quantization: QuantizationType | None = None,
        hardware: HardwareDetector | None = None,
    ) -> None:
        self.source = source
        self.quantization = quantization
        self.generating = threading.Lock()
        """Held while text is generated: one answer at a time has the processor."""
        self._wanted = device
        self._hardware = hardware or HardwareDetector()

    @property
    def name(self) -> str:
        """The reference, with how it is quantized."""
        kind = f" ({self.quantization})" if self.quantization else ""
        return f"hf://{self.source}{kind}"

    @cached_property
    def device(self) -> Device:
        """Where the model runs.

        Raises:
            ConfigError: the wanted device is not there.
        """
        return self._hardware.resolve_device(self._wanted)

    @cached_property
    def dtype(self) -> Dtype:
        """Of what is not quantized."""
        return self._hardware.recommended_dtype(self.device)

    @property
    def config(self) -> dict[str, Any]:
        """What `config.json` says.

        Raises:
            ModelUnavailableError: the model is not on this machine.
        """
        path = self._folder() / "config.json"
        try:
            return dict(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise ModelUnavailableError(
                f"{path} cannot be read: {error}; download the model anew."
            ) from error

    @property
    def takes_images(self) -> bool:
        """Whether it reads images beside text.

        Raises:
            ModelUnavailableError: the model is not on this machine.
        """
        return "vision_config" in self.config

    def estimate_bytes(self) -> int:
        """Memory of the loaded model.

        Raises:
            ModelUnavailableError: it is not on this machine.
        """
        config = self.config
        stored = config.get("dtype") or config.get("torch_dtype") or "float32"
        numbers = weight_bytes(self._folder()) * 8 / _BITS.get(str(stored), 32)
        bits = stored_bits(self.quantization, _BITS[self.dtype])
        return int(numbers * bits / 8 * _BESIDES)

    def load(self) -> LoadedModel:
        """Load what is on this machine; nothing is downloaded, and no code of the model's is run.

        Raises:
            ModelUnavailableError: it is not there, cannot be loaded, or a package is missing.
            ModelMemoryError: it does not fit.
        """
        folder = self._folder()
        quantized = loading_arguments(self.quantization, self.device, self.dtype, self.name)
        from transformers import utils

        logging: Any = utils.logging  # untyped
        bars = logging.is_progress_bar_enabled()
        logging.disable_progress_bar()
        try:
            return self._read(folder, quantized)
        except (OSError, ValueError, KeyError, RuntimeError, ImportError, TypeError) as error:
            if is_out_of_memory(error):
                raise ModelMemoryError(
                    f"model {self.name!r} does not fit into the memory of {self.device}: {error}; "
                    "use a smaller or a quantized model."
                ) from error
            raise ModelUnavailableError(
                f"model {self.name!r} cannot be loaded: {error}; it must be a causal language "
                "model, or an image-text model, that transformers knows, with its tokenizer."
            ) from error
        finally:
            if bars:
                logging.enable_progress_bar()

    def release(self) -> None:
        """Give the memory back."""
        gc.collect()  # modules refer to each other in circles
        if self.device == "cuda":
            import torch

            torch.cuda.empty_cache()

    def read_tokenizer(self) -> Any:
        """Load the tokenizer alone.

        Raises:
            ModelUnavailableError: it is not there or cannot be loaded.
        """
        from transformers import AutoTokenizer

        try:
            return AutoTokenizer.from_pretrained(self._folder(), local_files_only=True)
        except (OSError, ValueError, KeyError) as error:
            raise ModelUnavailableError(
                f"the tokenizer of {self.name!r} cannot be loaded: {error}; download it anew."
            ) from error

    def _read(self, folder: Path, quantized: dict[str, Any]) -> LoadedModel:
        import torch
        import transformers

        auto: Any = transformers  # untyped in parts
        processor = None
        kind = auto.AutoModelForCausalLM
        if self.takes_images:
            kind = auto.AutoModelForImageTextToText
            processor = auto.AutoProcessor.from_pretrained(folder, local_files_only=True)
        model = kind.from_pretrained(
            folder, local_files_only=True, dtype=getattr(torch, self.dtype), **quantized
        )
        if not quantized:
            model = model.to(self.device)
        tokenizer = self.read_tokenizer() if processor is None else processor.tokenizer
        return LoadedModel(tokenizer, model.eval(), processor)

    def _folder(self) -> Path:
        problem = find_problem(self.source)
        if problem:
            raise ModelUnavailableError(f"{problem[0]}; to mend it: {problem[1]}")
        return find_folder(self.source)
