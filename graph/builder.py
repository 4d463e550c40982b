"""The whole flow on one page: classify → gate → domains, side by side → merge."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import get_runtime
from langgraph.types import Checkpointer, RetryPolicy, Send

from mdsa.graph.context import RunContext
from mdsa.graph.domain_subgraph import Specialist, compile_specialist
from mdsa.graph.state import AgentInput, AgentState, BranchOutput, SubQuery
from mdsa.models.images import image_blocks
from mdsa.nodes.clarify import clarify
from mdsa.nodes.classify import make_classify
from mdsa.nodes.decompose import make_decompose
from mdsa.nodes.gate import make_gate
from mdsa.nodes.history import last_question_index, own_turns, question_text
from mdsa.nodes.merge import make_merge
from mdsa.nodes.model_choice import ModelLoader
from mdsa.nodes.on_loop import OnLoop
from mdsa.nodes.shown_images import human_message, may_take_images
from mdsa.nodes.two_way import TwoWayNode
from mdsa.nodes.types import RuntimeNode
from mdsa.router import Router
from mdsa.router.small_talk import small_talk
from mdsa.utils.compute import compute

__all__ = ["AgentGraph", "build_graph"]

AgentGraph = CompiledStateGraph[AgentState, RunContext, AgentInput, AgentState]

_HISTORY_TOKENS = 1500


def build_graph(
    specialists: Sequence[Specialist],
    *,
    router: Router,
    unmatched: Specialist,
    load_reasoning_model: ModelLoader | None = None,
    reasoning_timeout_s: float | None = None,
    checkpointer: Checkpointer = None,
    max_history: int = 60,
) -> AgentGraph:
    """Compile the agent.

    Args:
        specialists: the domains.
        router: scores messages; must know every specialist.
        unmatched: answers from shared knowledge what no domain takes.
        load_reasoning_model: splits hard messages; None splits them by clauses.
        reasoning_timeout_s: time after which an async run splits by clauses instead, in seconds.
        checkpointer: None for a graph without sessions, or for `langgraph dev`, which brings one.
        max_history: messages that a session keeps.
    """
    descriptions = {specialist.name: specialist.description for specialist in specialists}
    builder = StateGraph(AgentState, context_schema=RunContext, input_schema=AgentInput)

    builder.add_node("classify", _computed(make_classify(router, descriptions)))
    retrievers = {one.name: one.retriever for one in specialists if one.retriever is not None}
    builder.add_node("gate", make_gate(retrievers))
    builder.add_node(
        "decompose",
        make_decompose(
            descriptions, load_reasoning_model, timeout_s=reasoning_timeout_s, router=router
        ),
        retry_policy=RetryPolicy(max_attempts=2),
    )
    builder.add_node("clarify", OnLoop(clarify))
    for specialist in (*specialists, unmatched):
        builder.add_node(
            specialist.name,
            compile_specialist(specialist, BranchOutput),
            metadata={"description": specialist.description},
        )
    builder.add_node("merge", OnLoop(make_merge(max_history), unless=_has_parts), defer=True)

    domains = [*descriptions, unmatched.name]
    models = {one.name: one.load_model for one in (*specialists, unmatched)}
    builder.add_edge(START, "classify")
    builder.add_edge("classify", "gate")

    def ask_domains(state: AgentState) -> list[Send]:
        return _ask_domains(state, models)

    def after_gate(state: AgentState) -> Hashable | list[Send]:
        return _next_node(state) or ask_domains(state)

    builder.add_conditional_edges(
        "gate", OnLoop[AgentState, Any](after_gate), [*domains, "decompose", "clarify", "merge"]
    )
    builder.add_conditional_edges("decompose", OnLoop[AgentState, Any](ask_domains), domains)
    for name in domains:
        builder.add_edge(name, "merge")
    builder.add_edge("clarify", END)
    builder.add_edge("merge", END)
    return builder.compile(checkpointer=checkpointer, name="mdsa")


def _computed(node: RuntimeNode[AgentState]) -> TwoWayNode[AgentState]:
    def run(state: AgentState) -> dict[str, Any]:
        return node(state, runtime=get_runtime(RunContext))

    async def arun(state: AgentState, _: RunnableConfig) -> dict[str, Any]:
        return await compute(run, state)

    return TwoWayNode(lambda state, _: run(state), arun)


def _has_parts(state: AgentState) -> bool:
    """Whether there are several texts to be made one."""
    return len(state.get("answers", [])) + len(state["route"]["declined"]) > 1


def _next_node(state: AgentState) -> str | None:
    """Where the message goes before any domain is asked, or instead; None is to the domains."""
    decision = state["route"]["decision"]
    if decision in ("decompose", "clarify"):
        return decision
    if decision == "unmatched" and small_talk(question_text(state["messages"])):
        return "merge"
    return None


def _ask_domains(state: AgentState, models: Mapping[str, ModelLoader]) -> list[Send]:
    """One branch per question; a domain sees its own earlier turns and nobody else's."""
    queries = state["sub_queries"] or [
        SubQuery(domain="unmatched", query=question_text(state["messages"]), context="")
    ]
    asked = last_question_index(state["messages"])
    images = image_blocks(state["messages"][asked]) if asked >= 0 else []
    shared = (
        bool(images)
        and len(queries) > 1
        and any(may_take_images(models[query["domain"]]) for query in queries)
    )
    return [
        Send(
            query["domain"],
            {
                "messages": [
                    *own_turns(state["messages"], query["domain"], max_tokens=_HISTORY_TOKENS),
                    human_message(query["query"], images),
                ],
                "query": query["query"],
                "context": query["context"],
                "position": position,
                "images_optional": shared,
            },
        )
        for position, query in enumerate(queries)
    ]
