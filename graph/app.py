"""The graph that `langgraph dev` serves and LangGraph Studio opens.

The app file is `MDSA_APP`, or the demo's. The graph has no checkpointer: the server brings one.
"""

from __future__ import annotations

import asyncio
import threading
from functools import lru_cache

from mdsa.domains.app_file import demo_app_path, load_app
from mdsa.embeddings import load_embeddings
from mdsa.graph.app_loading import ingest_app, install_app
from mdsa.graph.assembly import Assembly
from mdsa.graph.builder import AgentGraph
from mdsa.models import ModelRegistry
from mdsa.retrieval.knowledge_base import KnowledgeBase
from mdsa.router.similarity import SimilarityRouter
from mdsa.settings import load_settings
from mdsa.tools import ToolRegistry

__all__ = ["graph"]

_building = threading.Lock()


async def graph() -> AgentGraph:
    """Give the app's graph; it is built once, off the server's event loop.

    Raises:
        ConfigError: the app file is missing or broken.
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
    knowledge = KnowledgeBase(
        settings.knowledge_dir,
        load_embeddings(app.file.embedding_model),
        shared_name=settings.global_collection_name,
    )
    assembly = Assembly(
        router=SimilarityRouter(),
        models=ModelRegistry(settings),
        tools=ToolRegistry(),
        knowledge=lambda: knowledge,
        default_model=app.file.model,
        reasoning_model=app.file.reasoning_model,
        model_timeout_s=settings.request_timeout_s / 2,
        max_history=settings.max_history_messages,
    )
    install_app(app, assembly, settings.data_dir)
    ingest_app(app, knowledge)
    return assembly.graph()
