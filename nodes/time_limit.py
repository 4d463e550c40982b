"""Keeps a domain's node within the domain's time, and has it say so where it is not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from langchain_core.runnables import RunnableConfig

from mdsa.graph.state import DomainState
from mdsa.nodes.time_budget import TimeBudget
from mdsa.nodes.two_way import TwoWayNode

__all__ = ["within_time"]


def within_time(
    node: TwoWayNode[DomainState],
    budget: TimeBudget,
    give_up: Callable[[DomainState], dict[str, Any]],
    *,
    first: bool = False,
) -> TwoWayNode[DomainState]:
    """Count a node's time, and end it when the domain's is over.

    LangGraph's own `timeout` ends the whole turn with the node, and its `error_handler` hides the
    subgraph from `get_graph(xray=True)` (langgraph 1.2.22); this one ends with an update.

    Args:
        node: the node. A sync run cannot be stopped: only the next node then gives up.
        budget: the domain's time; without any limit, nothing is changed.
        give_up: what the node would say without time, as an update.
        first: the turn begins here, and what an earlier one took does not count.
    """

    def spent_before(state: DomainState) -> float:
        return 0.0 if first else state.get("spent_s", 0.0)

    def run(state: DomainState, config: RunnableConfig) -> dict[str, Any]:
        began, before = budget.clock(), spent_before(state)
        try:
            over = _over(budget.left_s(before))
            update = give_up(state) if over else node.invoke(state, config)
        except TimeoutError:
            if not _over(budget.left_s(before + budget.clock() - began)):
                raise
            update = give_up(state)
        return {**update, "spent_s": before + budget.clock() - began}

    async def arun(state: DomainState, config: RunnableConfig) -> dict[str, Any]:
        began, before = budget.clock(), spent_before(state)
        left = budget.left_s(before)
        limit = asyncio.timeout(left)
        try:
            if _over(left):
                update = give_up(state)
            else:
                async with limit:
                    update = await node.ainvoke(state, config)
        except TimeoutError:
            if not limit.expired() and not _over(budget.left_s(before + budget.clock() - began)):
                raise
            update = give_up(state)
        return {**update, "spent_s": before + budget.clock() - began}

    return TwoWayNode(run, arun)


def _over(left_s: float | None) -> bool:
    return left_s is not None and left_s <= 0.001
