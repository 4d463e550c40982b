"""Runs a node without a graph."""

from __future__ import annotations

from langchain_core.runnables import RunnableConfig
from langgraph.runtime import Runtime

from mdsa.graph.context import RunContext


def runtime(context: RunContext | None = None) -> Runtime[RunContext]:
    """What LangGraph hands to a node."""
    return Runtime(context=context or RunContext())


def config(context: RunContext | None = None) -> RunnableConfig:
    """The config under which a node that is a runnable finds its runtime."""
    return {"configurable": {"__pregel_runtime": runtime(context)}}
