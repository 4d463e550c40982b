"""The graph that `langgraph dev` serves and LangGraph Studio opens.

The app file is `MDSA_APP`, or the demo's. The graph has no checkpointer: the server brings one.
"""

from __future__ import annotations

import asyncio
import threading
from functools import lru_cache

from mdsa.domains.app_file import demo_app_path, load_app
from mdsa.embeddings import load_embeddings
from mdsa.graph.app_loading import app_settings, ingest_app, install_app
from mdsa.graph.assembly import open_assembly
from mdsa.graph.builder import AgentGraph
from mdsa.retrieval.knowledge_base import KnowledgeBase
from mdsa.settings import load_settings

__all__ = ["graph"]

_building = threading.Lock()


async def graph() -> AgentGraph:
    """Give the app's graph; it is built once, off the server's event loop.

    Raises:
        ConfigError: the app file, or `MDSA_INTENT_MODEL_PATH`, is missing or broken.
        ModelUnavailableError: the intent model is not on this machine, or damaged.
    """
    return await asyncio.to_thread(_build_once)


def _build_once() -> AgentGraph:
    # The cache alone lets requests that come together build one each.
    with _building:
        return _build()


@lru_cache(maxsize=1)
def _build() -> AgentGraph:
    settings = load_settings()
    app = load_app(settings.app or demo_app_path())
    settings = app_settings(app, settings)
    knowledge = KnowledgeBase(
        settings.knowledge_dir,
        load_embeddings(settings.embedding_model),
        shared_name=settings.global_collection_name,
    )
    assembly = open_assembly(
        settings,
        lambda: knowledge,
        default_model=app.file.model,
        domain_timeout_s=settings.request_timeout_s,
    )
    install_app(app, assembly, settings.data_dir)
    ingest_app(app, knowledge)
    if app.file.warm_up:
        assembly.models.warm_up(assembly.models_in_use())
    return assembly.graph()
