"""What `mdsa doctor` looks at. Each check changes nothing and answers for itself."""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from mdsa.cli.check import Check, Status
from mdsa.cli.model_checks import check_intent_model, check_machine, check_models
from mdsa.errors import MdsaError, ModelUnavailableError

if TYPE_CHECKING:
    from mdsa.domains.app_file import App
    from mdsa.settings import Settings

__all__ = ["run_checks"]

_LEAST_FREE_BYTES = 500_000_000


def run_checks(settings: Settings) -> list[Check]:
    """Look at the machine, the folders, the stores, and all that the app file names."""
    from mdsa.domains.app_file import demo_app_path, load_app

    checks = [
        _python(),
        check_machine(settings),
        _folder("data folder", settings.data_dir, "MDSA_DATA_DIR", "problem"),
        _folder("cache folder", settings.cache_dir, "MDSA_CACHE_DIR", "note"),
        _sessions(settings),
        check_intent_model(settings),
    ]
    path = settings.app or demo_app_path()
    try:
        app = load_app(path)
    except MdsaError as error:
        checks.append(Check("app file", "problem", str(error), f"correct {path}"))
    else:
        names = ", ".join(entry.config.name for entry in app.domains)
        checks.append(Check("app file", "ok", f"{app.file.name} ({path}): {names}"))
        checks.append(_encoder(settings, app.file.embedding_model))
        checks.append(_knowledge(settings, app))
        checks += check_models(settings, app)
        checks += _tools(app)
    return [*checks, _studio()]


def _python() -> Check:
    version = platform.python_version()
    detail = f"{version} on {platform.system()} {platform.release()}, {platform.machine()}"
    return Check("Python", "ok", detail)


def _folder(name: str, path: Path, variable: str, failing: Status) -> Check:
    """Tell whether a folder, or the nearest one above that exists, can be written."""
    existing = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    remedy = f"make it writable, or set {variable} to a folder that is"
    if not existing.is_dir():
        return Check(name, failing, f"{existing} is not a folder", remedy)
    if not os.access(existing, os.W_OK | os.X_OK):
        return Check(name, failing, f"{existing} is not writable", remedy)
    free = shutil.disk_usage(existing).free
    detail = f"{path}, {free / 1e9:.1f} GB free"
    if free < _LEAST_FREE_BYTES:
        return Check(name, failing, detail, f"free some space, or point {variable} elsewhere")
    return Check(name, "ok", detail if path.exists() else f"{detail}; created on first use")


def _sessions(settings: Settings) -> Check:
    from mdsa.sessions import open_sessions
    from mdsa.sessions.database import DATABASE_NAME

    path = settings.data_dir / DATABASE_NAME
    shared = settings.database_url is not None
    if not shared and not path.exists():
        return Check("sessions", "ok", "none yet")

    async def count() -> int:
        async with open_sessions(settings) as store:
            return len(await store.list(limit=None))

    try:
        place = "PostgreSQL" if shared else path
        return Check("sessions", "ok", f"{asyncio.run(count())} in {place}")
    except MdsaError as error:
        return Check("sessions", "problem", str(error), "see the message")


def _encoder(settings: Settings, name: str) -> Check:
    from mdsa.embeddings import DEFAULT_MODEL, load_embeddings
    from mdsa.embeddings.packaged import packaged_minilm
    from mdsa.embeddings.preparation import prepared_path

    embeddings = load_embeddings(name)
    try:
        if embeddings.model_name == DEFAULT_MODEL:
            path = prepared_path(settings.cache_dir, packaged_minilm())
            if not path.exists():
                return Check("text encoder", "ok", f"{name}; prepared on first use")
            name = f"{name}, prepared in {path}"
        embeddings.embed_query("ready")
    except ModelUnavailableError as error:
        return Check("text encoder", "problem", str(error), "see the message")
    return Check("text encoder", "ok", name)


def _knowledge(settings: Settings, app: App) -> Check:
    from mdsa.embeddings import load_embeddings
    from mdsa.retrieval.knowledge_base import KnowledgeBase

    if not settings.knowledge_dir.exists():
        return Check("knowledge", "ok", "empty; the app's documents are ingested on first use")
    try:
        with KnowledgeBase(
            settings.knowledge_dir,
            load_embeddings(app.file.embedding_model),
            shared_name=settings.global_collection_name,
        ) as knowledge:
            stats = knowledge.stats()
    except MdsaError as error:
        return Check("knowledge", "problem", str(error), "see the message")
    counts = {"shared": stats["global"], **stats["domains"]}
    chunks = ", ".join(f"{name} {count}" for name, count in counts.items())
    return Check("knowledge", "ok", f"chunks in {settings.knowledge_dir}: {chunks}")


def _tools(app: App) -> Iterator[Check]:
    from mdsa.tools.loading import load_tool_family
    from mdsa.tools.mcp import load_mcp_tools

    known: set[str] = set()
    complete = True
    for family in app.file.tools:
        try:
            # Tool families may make files; a check must not leave any.
            with TemporaryDirectory() as folder:
                names = [tool.name for tool in load_tool_family(family, data_dir=Path(folder))]
        except MdsaError as error:
            complete = False
            yield Check("tools", "problem", str(error), f"correct 'tools' in {app.path}")
        else:
            known.update(names)
            yield Check("tools", "ok", f"{family}: {', '.join(names)}")
    for name, server in app.file.mcp_servers.items():
        try:
            names = [tool.name for tool in asyncio.run(load_mcp_tools({name: server}))]
        except MdsaError as error:
            complete = False
            remedy = f"correct 'mcp_servers.{name}' in {app.path}"
            yield Check("MCP server", "problem", str(error), remedy)
        else:
            known.update(names)
            yield Check("MCP server", "ok", f"{name}: {', '.join(names)}")
    for entry in app.domains:
        missing = [name for name in entry.config.tools if name not in known]
        # A family that could not be loaded is reported once, not for each of its tools.
        if missing and complete:
            detail = f"domain {entry.config.name!r} lists unknown tools: {', '.join(missing)}"
            yield Check("tools", "problem", detail, "correct 'tools' of the domain")


def _studio() -> Check:
    if find_spec("langgraph_cli") and find_spec("langgraph_api"):
        return Check("LangGraph Studio", "ok", "start it with: langgraph dev")
    detail = "not installed; needed only for langgraph dev"
    return Check("LangGraph Studio", "note", detail, "pip install 'mdsa[studio]'")
