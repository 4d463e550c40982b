"""A look inside an agent: the shape of its graph, and why a message goes where it goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from typing_extensions import TypedDict

from mdsa.core.orchestrator import TinyBERTOrchestrator
from mdsa.graph.context import RunContext
from mdsa.graph.state import ClauseScores, Decision
from mdsa.nodes.classify import Turn, classify_turns
from mdsa.nodes.gate import consult, decide
from mdsa.utils import clean_message

__all__ = ["GraphEdge", "GraphNode", "GraphShape", "RouteExplanation", "explain_route", "shape"]

_GATE_SETTINGS = (
    *("threshold", "target_error", "out_of_scope_threshold", "clarify_margin", "close_margin"),
    "clause_threshold",
)


class GraphNode(TypedDict):
    """A node of the graph."""

    id: str
    """As in `node_latency_ms`: `gate`, or `orders/generate`."""
    label: str
    group: str
    """The domain whose subgraph it belongs to; empty outside of any."""


class GraphEdge(TypedDict):
    """A way from one node to another."""

    source: str
    target: str
    conditional: bool


class GraphShape(TypedDict):
    """The graph as it is compiled now."""

    nodes: list[GraphNode]
    edges: list[GraphEdge]


class Reading(TypedDict):
    """The router's verdict on a message, or on a part of it."""

    text: str
    scores: dict[str, float]
    out_of_scope: float
    evidence: str
    """The nearest keyword, example or description of the best domain."""


class RouteExplanation(TypedDict):
    """Why a message goes where it goes, as the first one of a session."""

    decision: Decision
    domains: list[str]
    confidence: float
    reason: str
    message: Reading
    clauses: list[Reading]
    """Its parts, where it has more than one."""
    questions: list[dict[str, str]]
    """`{"domain", "query"}` of what would be asked."""
    settings: dict[str, float | None]
    """What the gate decided by."""


def shape(agent: TinyBERTOrchestrator) -> GraphShape:
    """Give the nodes and edges of the agent's graph, with those inside the domains.

    The first call opens the sessions and the knowledge, which takes a second.

    Raises:
        StorageError: the data directory cannot be used.
    """
    saver = agent._start().store.saver
    drawn = agent._assembly.graph(saver).get_graph(xray=True)
    return GraphShape(
        nodes=[
            GraphNode(id=_key(name), label=name.rpartition(":")[2], group=name.rpartition(":")[0])
            for name in drawn.nodes
        ],
        edges=[
            GraphEdge(
                source=_key(edge.source), target=_key(edge.target), conditional=edge.conditional
            )
            for edge in drawn.edges
        ],
    )


def explain_route(
    agent: TinyBERTOrchestrator, message: str, allowed_domains: Sequence[str] | None = None
) -> RouteExplanation:
    """Route a message without answering it.

    Args:
        agent: whose router and settings are asked.
        message: the user's text, as the first one of a session.
        allowed_domains: those that the caller may use; None is all.

    Raises:
        InvalidInputError: the message is empty or too long.
    """
    text = clean_message(message, agent.settings.max_message_chars)
    names = [domain.name for domain in agent.domains]
    permitted = names if allowed_domains is None else list(allowed_domains)
    context = RunContext(
        allowed_domains=permitted,
        threshold=agent.threshold,
        target_error=agent.settings.target_error,
    )
    (found,) = classify_turns(
        agent._assembly.router, [Turn(text)], permitted, target_error=context.target_error
    )
    verdict = decide(found, context)
    if verdict.unsure:
        retrievers = {one.name: agent._assembly.retriever(one) for one in agent.domains}
        verdict = consult(verdict, retrievers, context)
    settings: dict[str, Any] = context.model_dump(include=set(_GATE_SETTINGS))
    return RouteExplanation(
        decision=verdict.route["decision"],
        domains=verdict.route["domains"],
        confidence=verdict.route["confidence"],
        reason=verdict.route["reason"],
        message=_reading(found["message"]),
        clauses=[_reading(clause) for clause in found["clauses"]],
        questions=[
            {"domain": question["domain"], "query": question["query"]}
            for question in verdict.sub_queries
        ],
        settings=settings,
    )


def _key(name: str) -> str:
    return name.replace(":", "/")


def _reading(found: ClauseScores) -> Reading:
    # What is known of domains that the caller may not use stays out.
    return Reading(
        text=found["text"],
        scores=found["scores"],
        out_of_scope=found["out_of_scope"],
        evidence=found["evidence"],
    )
