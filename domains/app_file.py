"""The app file `mdsa.yaml`: an agent's domains, models, knowledge, tools and thresholds.

Relative paths in it are relative to it. A wrong file is refused whole, with file and key named.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mdsa.domains.config import DomainConfig
from mdsa.errors import ConfigError
from mdsa.models.references import relative_to
from mdsa.tools.mcp import McpServerConfig
from mdsa.utils.lists import OneOrMore
from mdsa.utils.validation import describe_problems

M = TypeVar("M", bound=BaseModel)

__all__ = [
    "App",
    "AppFile",
    "DomainEntry",
    "KnowledgeFolders",
    "demo_app_path",
    "load_app",
    "load_domain_folder",
]


class KnowledgeFolders(BaseModel):
    """Folders and files of the shared knowledge."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    shared: list[Path] = Field(default_factory=list, alias="global")


class AppFile(BaseModel):
    """The keys of an app file."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1)
    model: str = Field(default="embedded://reader", description="Domains' default model.")
    fallback: OneOrMore = Field(
        default_factory=list,
        description="Models that are asked in turn where a domain's model fails.",
    )
    warm_up: bool = Field(
        default=False, description="Load the models at the start, not at the first question."
    )
    reasoning_model: str = Field(
        default="embedded://clauses", description="Splits hard messages into questions."
    )
    threshold: float = Field(default=0.7, ge=0, le=1)
    target_error: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="Acceptable share of routing errors, instead of the threshold.",
    )
    embedding_model: str = "sentence-transformers/all-MiniLM-L6-v2"
    knowledge: KnowledgeFolders = Field(default_factory=KnowledgeFolders)
    domains: list[str | dict[str, Any]] = Field(
        min_length=1, description="Domain folders, or domains written out."
    )
    tools: list[str] = Field(
        default_factory=list, description="Tool families, as `module:function`."
    )
    mcp_servers: dict[str, McpServerConfig] = Field(default_factory=dict)


class DomainEntry(BaseModel):
    """A domain and the documents that came with its folder."""

    model_config = ConfigDict(frozen=True)

    config: DomainConfig
    documents: Path | None = None


class App(BaseModel):
    """A loaded app file: every path absolute, every domain read."""

    model_config = ConfigDict(frozen=True)

    file: AppFile
    path: Path
    domains: list[DomainEntry]
    shared_knowledge: list[Path]


def demo_app_path() -> Path:
    """The app file of the demo, which ships with the package."""
    return Path(__file__).parent / "mdsa.yaml"


def load_app(path: Path) -> App:
    """Read an app file and the domain folders that it names.

    Raises:
        ConfigError: a file is missing or broken; the message names it, and the key.
    """
    file = _with_folders(_validate(AppFile, _read_yaml(path), path), path.parent)
    domains = [_domain(entry, index, path) for index, entry in enumerate(file.domains)]
    names = [domain.config.name for domain in domains]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"{path}: key 'domains': {name!r} is listed more than once")
    shared = [path.parent / folder for folder in file.knowledge.shared]
    for folder in shared:
        if not folder.exists():
            raise ConfigError(f"{path}: key 'knowledge.global': {folder} does not exist")
    return App(file=file, path=path, domains=domains, shared_knowledge=shared)


def load_domain_folder(folder: Path) -> DomainEntry:
    """Read a domain folder: `domain.yaml`, and where present `prompt.md` and `documents/`.

    Raises:
        ConfigError: a file is missing or broken.
    """
    path = folder / "domain.yaml"
    values = _read_yaml(path)
    prompt = folder / "prompt.md"
    if prompt.is_file() and "system_prompt" not in values:
        values = {**values, "system_prompt": prompt.read_text(encoding="utf-8").strip()}
    documents = folder / "documents"
    return DomainEntry(
        config=_with_model_folders(_validate(DomainConfig, values, path), folder),
        documents=documents if documents.is_dir() else None,
    )


def _domain(entry: str | dict[str, Any], index: int, path: Path) -> DomainEntry:
    if isinstance(entry, str):
        return load_domain_folder(path.parent / entry)
    config = _validate(DomainConfig, entry, path, f"domains.{index}")
    return DomainEntry(config=_with_model_folders(config, path.parent))


def _with_folders(file: AppFile, folder: Path) -> AppFile:
    within = partial(relative_to, folder)
    return file.model_copy(
        update={
            "model": within(file.model),
            "fallback": [within(reference) for reference in file.fallback],
            "reasoning_model": within(file.reasoning_model),
            "embedding_model": within(file.embedding_model),
        }
    )


def _with_model_folders(config: DomainConfig, folder: Path) -> DomainConfig:
    within = partial(relative_to, folder)
    model = config.model_name
    return config.model_copy(
        update={
            "model_name": model and within(model),
            "fallback": [within(reference) for reference in config.fallback],
        }
    )


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"{path} does not exist; check the path") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not valid YAML: {error}") from error
    if not isinstance(values, Mapping):
        raise ConfigError(f"{path} must hold keys and values, not {type(values).__name__}")
    return dict(values)


def _validate(model: type[M], values: Mapping[str, Any], path: Path, within: str = "") -> M:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ConfigError(f"{path}: {describe_problems(error, within)}") from error
