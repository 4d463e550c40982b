"""Model references: `scheme://name`, and what a bare name means."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from mdsa.errors import ConfigError, UnknownNameError

__all__ = ["SCHEMES", "ModelReference", "parse_reference", "relative_to"]

SCHEMES = ("embedded", "hf", "ollama", "openai")
"""Schemes that every registry knows."""


@dataclass(frozen=True, slots=True)
class ModelReference:
    """Where a model comes from and what it is called there.

    Attributes:
        scheme: `embedded` for what ships with the install, `ollama`, `hf`, `openai` for any server
            of that protocol, or one that an application registered.
        name: the rest, such as `llama3:8b`.
    """

    scheme: str
    name: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.name}"


def parse_reference(reference: str, schemes: Collection[str] = SCHEMES) -> ModelReference:
    """Read a reference; a bare hub id or the path of a local folder means `hf://`.

    Args:
        reference: such as `ollama://llama3:8b`, `embedded://reader` or `microsoft/phi-2`.
        schemes: those that are known.

    Raises:
        ConfigError: the reference or its name is empty.
        UnknownNameError: no such scheme.
    """
    scheme, separator, name = reference.strip().partition("://")
    if not separator:
        scheme, name = "hf", scheme
    if scheme not in schemes:
        raise UnknownNameError("model scheme", scheme, schemes)
    if not name:
        raise ConfigError(
            f"model reference {reference!r} names no model; write scheme://name, "
            "such as ollama://llama3:8b."
        )
    return ModelReference(scheme, name)


def relative_to(folder: Path, reference: str) -> str:
    """A reference as it stands in a file: the path of a model's folder is relative to the file's.

    Args:
        folder: of the file.
        reference: any; `./name` and `../name` are paths, and so is the name of a folder that is
            there. All others are given back as they are.
    """
    scheme, separator, name = reference.strip().rpartition("://")
    if scheme not in ("", "hf") or not name:
        return reference
    path = folder / name
    try:
        is_here = name.startswith(("./", "../")) or (not Path(name).is_absolute() and path.is_dir())
    except OSError:  # the name is too long for a path
        return reference
    return f"{scheme}{separator}{path.resolve()}" if is_here else reference
