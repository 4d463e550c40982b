"""decompose: one self-contained question per domain, by the reasoning model where there is one.

The gate has split the message by clauses already. That split is the embedded default; a reasoning
model may replace it. Its output is held to a schema of the offered domains where the model can be,
and accepted only where it names these domains and nothing that nobody said.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig
from langgraph.runtime import get_runtime

from mdsa.graph.context import RunContext
from mdsa.graph.state import AgentState, ModelFailure, SubQuery
from mdsa.nodes.failures import failure_kind, is_model_failure
from mdsa.nodes.history import message_text, question_text
from mdsa.nodes.model_chain import ModelChain, ModelRequest
from mdsa.nodes.model_choice import ModelLoader, as_choice
from mdsa.nodes.split_reply import CUTS_ONLY, read_split, routed, with_contexts
from mdsa.nodes.split_request import held_to, split_instructions, split_prompt, split_schema
from mdsa.nodes.time_budget import TimeBudget
from mdsa.nodes.two_way import TwoWayNode
from mdsa.router import Router

__all__ = ["make_decompose", "split_instructions"]

_log = logging.getLogger(__name__)


def make_decompose(
    descriptions: Mapping[str, str],
    load_model: ModelLoader | None,
    *,
    timeout_s: float | None = None,
    router: Router | None = None,
) -> TwoWayNode[AgentState]:
    """Build the node.

    Args:
        descriptions: the domains' descriptions, by name.
        load_model: gives the reasoning model; None keeps the split by clauses. A model that fails,
            is too slow or adds names or numbers of its own keeps that split too, and marks the
            turn as degraded.
        timeout_s: time that the model may take, in seconds; needs an async run, since Python
            cannot stop a thread.
        router: names the domains of the questions that a small model has cut a message into; None
            lets every model name them.
    """
    chain = None if load_model is None else ModelChain([load_model], timeout_s=timeout_s)
    reference = "" if load_model is None else as_choice(load_model).reference

    def request(state: AgentState) -> ModelRequest:
        limit = _context().max_domains
        offered = {name: descriptions[name] for name in state["route"]["scores"]}
        message, previous = question_text(state["messages"]), state.get("last_question") or ""
        schema = split_schema(offered, limit)
        return ModelRequest(
            prompt=lambda _: split_prompt(message, offered, limit, previous),
            bind=lambda model, _: held_to(model, schema),
        )

    def kept(state: AgentState, error: Exception) -> dict[str, Any]:
        update = _by_clauses(state, f"{type(error).__name__}: {error}")
        failure = ModelFailure(model=reference, reason=failure_kind(error))
        update["route"]["failures"] = [failure]
        return update

    def decompose(state: AgentState, config: RunnableConfig) -> dict[str, Any]:
        if chain is None:
            return _by_clauses(state)
        try:
            reply = chain.invoke(request(state), config)
        except Exception as error:
            if not is_model_failure(error):
                raise
            return kept(state, error)
        return _by_model(state, reply, router)

    async def adecompose(state: AgentState, config: RunnableConfig) -> dict[str, Any]:
        if chain is None:
            return _by_clauses(state)
        left_s = TimeBudget().left_s()
        try:
            # The domains' answers take time too.
            reply = await chain.ainvoke(
                request(state), config, left_s=None if left_s is None else left_s / 2
            )
        except Exception as error:
            if not is_model_failure(error):
                raise
            return kept(state, error)
        return await asyncio.to_thread(_by_model, state, reply, router)

    return TwoWayNode(decompose, adecompose)


def _context() -> RunContext:
    return get_runtime(RunContext).context or RunContext()


def _by_model(state: AgentState, reply: AIMessage, router: Router | None) -> dict[str, Any]:
    said = [message_text(message) for message in state["messages"]]
    said.append(state.get("last_question") or "")
    offered, limit = state["route"]["scores"], _context().max_domains
    queries, problem = read_split(reply, offered, limit, said)
    if not queries:
        return _by_clauses(state, f"the reasoning model's split is not used: {problem}")
    if router is not None and reply.response_metadata.get(CUTS_ONLY):
        queries = routed(queries, router, offered)
        if len(queries) < len(state["sub_queries"]):
            return _by_clauses(state)  # such a model may cut finer than the clauses, not coarser
    return _update(state, queries, used_reasoning=True, degraded=False)


def _by_clauses(state: AgentState, problem: str = "") -> dict[str, Any]:
    """Keep the gate's split; a problem says why the configured model's is not used."""
    if problem:
        _log.info("the message is split by clauses: %s", problem)
    return _update(state, state["sub_queries"], used_reasoning=False, degraded=bool(problem))


def _update(
    state: AgentState, queries: list[SubQuery], *, used_reasoning: bool, degraded: bool
) -> dict[str, Any]:
    complete = with_contexts(queries, state.get("last_question") or "", state.get("last_domain"))
    domains = list(dict.fromkeys(query["domain"] for query in complete))
    route = {
        **state["route"],
        "domains": domains,
        "used_reasoning": used_reasoning,
        "degraded": degraded,
    }
    if domains != state["route"]["domains"]:
        route["confidence"] = min(state["route"]["scores"][name] for name in domains)
    return {"sub_queries": complete, "route": route}
