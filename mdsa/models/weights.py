"""Causal language models of the Hugging Face kind that are on this machine: found, loaded once."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from mdsa.errors import ModelUnavailableError

__all__ = ["LoadedModel", "LocalWeights", "find_problem"]


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """Tokenizer and model, ready on their device."""

    tokenizer: Any
    model: Any

    @property
    def context_length(self) -> int | None:
        """Most tokens of prompt and answer together; None where the model states no limit."""
        length = getattr(self.model.config, "max_position_embeddings", None)
        return int(length) if length else None


class LocalWeights:
    """Weights by name: loaded at the first use, shared by every chat model that holds them.

    Args:
        name: hub id or local folder.
        device: `auto`, `cpu`, `cuda` or `mps`.
    """

    def __init__(self, name: str, device: str = "auto") -> None:
        self.name = name
        self.device = device
        self.generating = threading.Lock()
        """Held while text is generated: one answer at a time has the processor."""
        self._loading = threading.Lock()
        self._loaded: LoadedModel | None = None

    def load(self) -> LoadedModel:
        """Load what is on this machine; nothing is downloaded.

        Raises:
            ModelUnavailableError: it is not there, or cannot be loaded.
        """
        with self._loading:
            if self._loaded is None:
                problem = find_problem(self.name)
                if problem:
                    raise ModelUnavailableError(f"{problem[0]}; to mend it: {problem[1]}")
                self._loaded = self._read()
            return self._loaded

    def _read(self) -> LoadedModel:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        source = _folder(self.name) or self.name
        try:
            tokenizer = AutoTokenizer.from_pretrained(source, local_files_only=True)
            model = AutoModelForCausalLM.from_pretrained(
                source, local_files_only=True, dtype="auto"
            )
            model = cast("Any", model).to(_device(self.device)).eval()
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise ModelUnavailableError(
                f"model 'hf://{self.name}' cannot be loaded: {error}; it must be a causal language "
                "model that transformers knows, with its tokenizer, and fit the device."
            ) from error
        return LoadedModel(tokenizer, model)


def find_problem(name: str) -> tuple[str, str] | None:
    """Why a model is not on this machine and what to do; None where it is."""
    folder = _folder(name)
    if folder is not None:
        if (folder / "config.json").is_file():
            return None
        return f"folder {folder} holds no model (no config.json)", "give a model's own folder"
    if name.startswith(("/", "./", "../", "~")):
        return f"there is no folder {name}", "give the folder of a model, or a hub id"
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        config = try_to_load_from_cache(name, "config.json")
    except HFValidationError:
        return f"{name!r} is neither a folder nor a hub id", "write OWNER/MODEL or a folder"
    if isinstance(config, str) and _holds_weights(Path(config).parent):
        return None
    return f"model {name!r} is not on this machine", f"hf download {name}"


def _holds_weights(folder: Path) -> bool:
    return any(next(folder.glob(pattern), None) for pattern in ("*.safetensors", "*.bin"))


def _folder(name: str) -> Path | None:
    path = Path(name).expanduser()
    return path if path.is_dir() else None


def _device(wanted: str) -> str:
    import torch

    if wanted != "auto":
        return wanted
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
