"""Runs a node without a graph."""

from __future__ import annotations

import asyncio
from typing import Any

from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import set_config_context
from langgraph.runtime import Runtime

from mdsa.graph.context import RunContext


def runtime(context: RunContext | None = None) -> Runtime[RunContext]:
    """What LangGraph hands to a node."""
    return Runtime(context=context or RunContext())


def run(node: Any, state: Any, context: RunContext | None = None) -> dict[str, Any]:
    """Run a node that has a sync and an async form as LangGraph does."""
    with set_config_context(_config(context)) as scope:
        return dict(scope.run(node.invoke, state, _config(context)))


async def arun(node: Any, state: Any, context: RunContext | None = None) -> dict[str, Any]:
    """Async twin of `run`."""
    with set_config_context(_config(context)) as scope:
        task = asyncio.create_task(node.ainvoke(state, _config(context)), context=scope)
        return dict(await task)


def _config(context: RunContext | None) -> RunnableConfig:
    return {"configurable": {"__pregel_runtime": runtime(context)}}
