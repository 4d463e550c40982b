"""Brings an app file to life: settings, tools and domains of an assembly, documents in stores."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from anyio.from_thread import start_blocking_portal

from mdsa.domains.app_file import App
from mdsa.errors import ConfigError, MdsaError, StorageError
from mdsa.graph.assembly import Assembly, check_reference
from mdsa.models import ModelRegistry
from mdsa.retrieval.ingest import IngestReport, ingest
from mdsa.retrieval.knowledge_base import KnowledgeBase
from mdsa.settings import Settings
from mdsa.tools.loading import load_tool_family
from mdsa.tools.mcp import load_mcp_tools

__all__ = ["Progress", "app_settings", "ingest_app", "install_app"]

_log = logging.getLogger(__name__)

Progress = Callable[[int, int, Path], None]


def app_settings(app: App, settings: Settings) -> Settings:
    """Give the settings with the app file's keys in their place.

    Raises:
        ConfigError: the app file names a kind of model that there is none of.
    """
    models = ModelRegistry(settings)
    for key, reference in (
        ("model", app.file.model),
        ("reasoning_model", app.file.reasoning_model),
        *(("fallback", reference) for reference in app.file.fallback),
    ):
        try:
            check_reference(models, key, reference)
        except MdsaError as error:
            raise ConfigError(f"{app.path}: key {key!r}: {error}") from error
    keys: dict[str, Any] = {
        "reasoning_model_path": app.file.reasoning_model,
        "use_reasoning_threshold": app.file.threshold,
        "embedding_model": app.file.embedding_model,
    }
    if app.file.target_error is not None:
        keys["target_error"] = app.file.target_error
    if app.file.fallback:
        keys["fallback_models"] = app.file.fallback
    return settings.model_copy(update=keys)


def install_app(app: App, assembly: Assembly, data_dir: Path) -> None:
    """Register the app's tools, those of its MCP servers, and its domains.

    Raises:
        ConfigError: the app file names a tool, model or tool family that cannot be used.
        StorageError: a tool family cannot use the data directory.
        ToolError: an MCP server does not answer.
    """
    for family in app.file.tools:
        try:
            for tool in load_tool_family(family, data_dir=data_dir):
                assembly.tools.register(tool)
        except StorageError as error:
            raise StorageError(
                f"data directory {data_dir} (MDSA_DATA_DIR, --data-dir) cannot be used: {error}"
            ) from error
        except MdsaError as error:
            raise ConfigError(f"{app.path}: key 'tools': {error}") from error
    if app.file.mcp_servers:
        with start_blocking_portal() as portal:
            mcp_tools = portal.call(load_mcp_tools, app.file.mcp_servers)
        for tool in mcp_tools:
            assembly.tools.register(tool)
    for entry in app.domains:
        try:
            assembly.add_domain(entry.config)
        except MdsaError as error:
            raise ConfigError(f"{app.path}: domain {entry.config.name!r}: {error}") from error


def ingest_app(
    app: App, knowledge: KnowledgeBase, progress: Progress | None = None
) -> list[IngestReport]:
    """Take in the app's documents; unchanged files cost no embedding.

    Documents that cannot be read are passed over, each with a warning that names it.

    Returns:
        One report for the shared knowledge and one per domain that has documents.

    Raises:
        StorageError: the stores cannot be written.
    """
    reports = []
    if app.shared_knowledge:
        reports.append(ingest(app.shared_knowledge, knowledge, progress=progress))
    for entry in app.domains:
        if entry.documents is not None:
            documents = [entry.documents]
            reports.append(
                ingest(documents, knowledge, domain=entry.config.name, progress=progress)
            )
    for report in reports:
        for _, reason in report.failed:
            _log.warning("a document was passed over: %s", reason)
    return reports
