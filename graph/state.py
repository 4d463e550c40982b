"""State of the graph and of a domain's subgraph: primitives, messages and plain dicts only."""

from __future__ import annotations

import operator
from typing import Annotated, Any, Literal

from langgraph.graph import MessagesState
from typing_extensions import NotRequired, TypedDict

__all__ = [
    "AgentState",
    "BranchOutput",
    "Decision",
    "DomainAnswer",
    "DomainInput",
    "DomainOutput",
    "DomainState",
    "RouteState",
    "Source",
    "SubQuery",
    "ToolCallRecord",
]

Decision = Literal["direct", "decompose", "clarify", "unmatched"]


class SubQuery(TypedDict):
    """One question for one domain."""

    domain: str
    query: str
    """Self-contained: a follow-up carries the question that it follows."""


class RouteState(TypedDict):
    """Why the message goes where it goes."""

    decision: Decision
    domains: list[str]
    """Chosen domains, in the order of the message."""
    confidence: float
    """Calibrated probability of the (first) chosen domain, or of the best one, in [0, 1]."""
    scores: dict[str, float]
    """Probability of each domain that the caller may use."""
    out_of_scope: float
    reason: str
    """One sentence for a person."""
    used_reasoning: bool
    degraded: bool
    """The configured reasoning model could not be used."""


class Source(TypedDict):
    """A passage behind an answer."""

    id: str
    title: str
    source: str
    scope: Literal["global", "local"]
    score: float
    """In [0, 1]; see `mdsa.retrieval`."""


class ToolCallRecord(TypedDict):
    """A tool call of the turn and what came of it."""

    id: str
    name: str
    args: dict[str, Any]
    status: Literal["success", "error"]
    content: str
    """The result as JSON, or the error's message."""


class DomainAnswer(TypedDict):
    """What one domain answered."""

    domain: str
    query: str
    position: int
    """Place of the sub-query in the message; merge keeps this order."""
    text: str
    abstained: bool
    """The domain found nothing that answers."""
    degraded: bool
    """A fallback model answered."""
    sources: list[Source]
    tool_calls: list[ToolCallRecord]


class AgentState(MessagesState):
    """State of the whole graph; one checkpointed thread is one session."""

    route: NotRequired[RouteState]
    """This turn's routing decision."""
    clauses: NotRequired[list[SubQuery]]
    """The message's clauses with the domain of each, when several domains are in it."""
    sub_queries: NotRequired[list[SubQuery]]
    """What this turn asks of which domains."""
    answers: NotRequired[Annotated[list[DomainAnswer], operator.add]]
    """One entry per branch of this turn, in order of arrival; classify empties it."""
    last_domain: NotRequired[str | None]
    """The domain that answered last: follow-ups stay with it."""
    pending_clarification: NotRequired[dict[str, Any] | None]
    """`{"message": str, "domains": [str, str]}` while a question back is open."""
