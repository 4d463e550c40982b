"""Where the files of a model lie on this machine, and what is missing."""

from __future__ import annotations

import json
from pathlib import Path

__all__ = ["find_folder", "find_problem", "weight_bytes"]

_PATTERNS = ("*.safetensors", "*.bin")
_WHOLE = ("model.safetensors", "pytorch_model.bin")


def find_problem(source: str) -> tuple[str, str] | None:
    """Why a model is not on this machine and what to do; None where it is."""
    folder = _local(source)
    if folder is not None:
        if not (folder / "config.json").is_file():
            return f"folder {folder} holds no model (no config.json)", "give a model's own folder"
        missing = _missing_weights(folder)
        return (
            None
            if missing is None
            else (
                f"folder {folder} holds no {missing}",
                "download the model anew",
            )
        )
    if source.startswith(("/", "./", "../", "~")):
        return f"there is no folder {source}", "give the folder of a model, or a hub id"
    from huggingface_hub.errors import HFValidationError

    try:
        folder = _cached(source)
    except HFValidationError:
        return f"{source!r} is neither a folder nor a hub id", "write OWNER/MODEL or a folder"
    if folder is None:
        return f"model {source!r} is not on this machine", f"hf download {source}"
    missing = _missing_weights(folder)
    return (
        None
        if missing is None
        else (
            f"model {source!r} is on this machine without {missing}",
            f"hf download {source}",
        )
    )


def find_folder(source: str) -> Path:
    """The folder of a model in which `find_problem` finds none."""
    folder = _local(source) or _cached(source)
    return folder if folder is not None else Path(source)


def weight_bytes(folder: Path) -> int:
    """Size of the weights' files; of one kind, where the same weights lie there twice."""
    sizes = [sum(file.stat().st_size for file in folder.glob(kind)) for kind in _PATTERNS]
    return next((size for size in sizes if size), 0)


def _missing_weights(folder: Path) -> str | None:
    """What a download that was cut off left out; None where the weights are whole in one form."""
    if any((folder / name).is_file() for name in _WHOLE):
        return None
    missing: list[str] = []
    for index in sorted(folder.glob("*.index.json")):
        try:
            parts = json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()
        except (OSError, ValueError, KeyError, AttributeError):
            missing.append(f"a readable {index.name}")
            continue
        absent = sorted({str(part) for part in parts if not (folder / str(part)).is_file()})
        if not absent:
            return None
        missing.append(f"{absent[0]}, a part of its weights")
    if missing:
        return missing[0]
    return None if weight_bytes(folder) else "weights (*.safetensors or *.bin)"


def _local(source: str) -> Path | None:
    path = Path(source).expanduser()
    return path if path.is_dir() else None


def _cached(source: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    config = try_to_load_from_cache(source, "config.json")
    return Path(config).parent if isinstance(config, str) else None
