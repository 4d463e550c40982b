"""Whole agents of fakes: routed by words, tiny vectors, models that say what a test wrote down."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fakes.chat_models import ScriptedChatModel
from fakes.routing import WordRouter
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage

from mdsa.core.dual_rag import DualRAG
from mdsa.core.orchestrator import TinyBERTOrchestrator
from mdsa.models import ModelRegistry
from mdsa.router import Router
from mdsa.settings import Settings
from mdsa.tools import ToolRegistry


def settings_in(folder: Path, **changes: Any) -> Settings:
    """Settings whose data lie in a folder."""
    return Settings(data_dir=folder / "data", **changes)


def fake_rag(folder: Path) -> DualRAG:
    """Knowledge in a folder, with vectors that cost nothing."""
    return DualRAG(
        persist_directory=folder / "knowledge", embeddings=DeterministicFakeEmbedding(size=8)
    )


def repeat_all(messages: list[BaseMessage]) -> str:
    """A reply that gives away everything that the model was told."""
    return "I was told: " + " | ".join(str(message.text) for message in messages)


def scripted(*replies: Any) -> ScriptedChatModel:
    """A model with these replies, the last one for ever after."""
    return ScriptedChatModel(replies=list(replies))


def make_agent(
    folder: Path,
    *,
    models: Mapping[str, BaseChatModel] | None = None,
    reasoning: str = "embedded://clauses",
    tools: ToolRegistry | None = None,
    rag: DualRAG | None = None,
    router: Router | None = None,
    **changes: Any,
) -> TinyBERTOrchestrator:
    """An agent without domains.

    Args:
        folder: keeps its data.
        models: those that `fake://NAME` refers to; `fake://parrot` repeats all it was told, and is
            the default model.
        reasoning: reference of the reasoning model.
        tools: for the domains.
        rag: in place of fake knowledge in the folder.
        router: in place of one that goes by the domains' keywords.
        **changes: of the settings.
    """
    settings = settings_in(folder, **changes)
    known = {"parrot": scripted(repeat_all), **(models or {})}
    registry = ModelRegistry(settings)
    registry.register("fake", lambda name, _: known[name])
    return TinyBERTOrchestrator(
        reasoning_model_path=reasoning,
        rag=rag or fake_rag(folder),
        tools=tools,
        models=registry,
        router=router or WordRouter({}),
        default_model="fake://parrot",
        settings=settings,
    )
