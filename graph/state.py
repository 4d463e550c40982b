"""State of the graph and of a domain's subgraph: primitives, messages and plain dicts only.

Strict msgpack then reads every checkpoint back, and Studio can show every field.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypeVar

from langchain_core.messages import AnyMessage
from langgraph.channels import EphemeralValue
from langgraph.graph import MessagesState
from langgraph.graph.message import add_messages
from typing_extensions import TypedDict

__all__ = [
    "AgentInput",
    "AgentState",
    "BranchOutput",
    "Classification",
    "ClauseScores",
    "Decision",
    "DomainAnswer",
    "DomainInput",
    "DomainOutput",
    "DomainQuestion",
    "DomainState",
    "ModelFailure",
    "PassageRecord",
    "RouteState",
    "Source",
    "SubQuery",
    "ToolCallRecord",
    "append_or_reset",
]

Decision = Literal["direct", "decompose", "clarify", "unmatched"]
_T = TypeVar("_T")


def append_or_reset(current: list[_T] | None, update: list[_T] | None) -> list[_T]:
    """Reducer of lists that parallel branches write: `None` starts a turn with an empty list."""
    return [] if update is None else [*(current or []), *update]


class ClauseScores(TypedDict):
    """The router's verdict on one text."""

    text: str
    scores: dict[str, float]
    """Probability of each domain that the caller may use."""
    forbidden: float
    """Highest probability of a domain that the caller may not use; its name stays out of sight."""
    out_of_scope: float
    evidence: str
    """The nearest keyword, example or description of the best permitted domain."""
    by_documents: NotRequired[bool]
    """The router knew documents of the domains that the caller may use."""


class Classification(TypedDict):
    """What classify found; the gate decides from it."""

    message: ClauseScores
    clauses: list[ClauseScores]
    """One entry per clause, where the message has more than one."""
    in_context: ClauseScores | None
    """Previous question and message together, where the message may be a follow-up."""
    refers_back: bool
    """The message cannot stand alone: it begins or points like a follow-up."""
    stays: float
    """Probability that the message belongs to the domain of the turn before, in [0, 1]; 0 where
    there was none."""
    previous_question: str
    score_floor: float | None
    """Score from which a domain belongs to the prediction set that keeps the run's target error;
    None where the run asks for none, or where the router has nothing to take it from."""


class SubQuery(TypedDict):
    """One question for one domain."""

    domain: str
    query: str
    """What the domain is asked, in the user's words."""
    context: str
    """The earlier question that a follow-up follows; empty otherwise."""


class ModelFailure(TypedDict):
    """A model that was asked and did not answer."""

    model: str
    """Its reference; empty where it has none."""
    reason: str
    """Such as `unavailable`, `timeout` or `circuit_open`; see `mdsa.nodes.failures`."""


class RouteState(TypedDict):
    """Why the message goes where it goes."""

    decision: Decision
    domains: list[str]
    """Chosen domains, in the order of the message; for clarify, those to choose from."""
    confidence: float
    """Probability of the chosen domain, in [0, 1]: of the least sure clause where several were
    chosen, and of the best permitted domain where none was. Of a follow-up that stays it is the
    probability that it does, which the message's own scores do not tell."""
    scores: dict[str, float]
    """Probability of each domain that the caller may use."""
    out_of_scope: float
    reason: str
    """One sentence for a person."""
    used_reasoning: bool
    """The questions are the reasoning model's, and not the split by clauses."""
    degraded: bool
    """The configured reasoning model could not be used."""
    failures: NotRequired[list[ModelFailure]]
    """The reasoning model, where it did not answer."""
    declined: list[str]
    """Parts of the message that no permitted domain takes, or that exceed the run's limit."""


class Source(TypedDict):
    """A passage behind an answer."""

    id: str
    title: str
    source: str
    scope: Literal["global", "local"]
    score: float
    """In [0, 1]; see `mdsa.retrieval`."""


class PassageRecord(TypedDict):
    """A retrieved passage as the state keeps it."""

    content: str
    metadata: dict[str, Any]


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
    message_id: str
    """Id of the model's message, so that a stream shows it once."""
    abstained: bool
    """The domain found nothing that answers."""
    degraded: bool
    """Not the domain's own model answered, or none had the time to."""
    model: str
    """Reference of the model that answered; empty where it has none, or where none did."""
    failures: list[ModelFailure]
    """Models that did not answer, in the order in which they were asked."""
    sources: list[Source]
    tool_calls: list[ToolCallRecord]


class AgentInput(TypedDict):
    """What a caller sends: the new message, as a list so that chat clients fit."""

    messages: Annotated[list[AnyMessage], add_messages]


class AgentState(MessagesState):
    """State of the whole graph; one checkpointed thread is one session."""

    classification: NotRequired[Classification | None]
    """This turn's scores."""
    route: NotRequired[RouteState]
    """This turn's decision."""
    sub_queries: NotRequired[list[SubQuery]]
    """What this turn asks of which domains."""
    answers: NotRequired[Annotated[list[DomainAnswer], append_or_reset]]
    """One entry per branch of this turn, in order of arrival."""
    last_domain: NotRequired[str | None]
    """The domain that answered last: follow-ups stay with it."""
    last_question: NotRequired[str]
    """The question that it answered."""
    pending_clarification: NotRequired[list[str] | None]
    """Domains to choose from while a question back is open."""


class DomainQuestion(TypedDict):
    """What a domain was asked this turn."""

    query: str
    context: str
    """The earlier question that a follow-up follows; empty otherwise."""
    position: int
    """Place of the sub-query in the message."""
    replies_from: int
    """Index in `messages` from which this turn's tool rounds and answer stand."""
    images_optional: NotRequired[bool]
    """See `DomainInput`; False where it is missing."""


class DomainInput(TypedDict):
    """What a domain's subgraph takes: messages alone, or a question with its place.

    All but the messages last one step, so that a checkpointed subgraph of another application
    does not answer the question of the turn before.
    """

    messages: Annotated[list[AnyMessage], add_messages]
    query: NotRequired[Annotated[str, EphemeralValue]]
    """The question; the last human message where it is missing."""
    context: NotRequired[Annotated[str, EphemeralValue]]
    """The earlier question that a follow-up follows."""
    position: NotRequired[Annotated[int, EphemeralValue]]
    images_optional: NotRequired[Annotated[bool, EphemeralValue]]
    """A model that takes no images answers from the text alone, and is not refused the question:
    the images belong to a message of which another domain, which may take them, gets a part."""


class DomainState(DomainInput):
    """Working state of a domain's subgraph."""

    asked: NotRequired[DomainQuestion]
    """This turn's question."""
    passages: NotRequired[list[PassageRecord]]
    """What retrieve found, best first."""
    rounds: NotRequired[int]
    """Tool rounds so far in this turn."""
    spent_s: NotRequired[float]
    """Seconds that the nodes of this turn have taken; those that a person takes do not count."""
    refused_calls: NotRequired[dict[str, str]]
    """Tool calls that a person declined, by id, with the reason."""
    answers: NotRequired[Annotated[list[DomainAnswer], append_or_reset]]


class DomainOutput(TypedDict):
    """What a domain's subgraph gives another application's graph."""

    messages: Annotated[list[AnyMessage], add_messages]
    answers: Annotated[list[DomainAnswer], append_or_reset]


class BranchOutput(TypedDict):
    """What a domain's subgraph gives MDSA's own graph, where merge writes the message."""

    answers: Annotated[list[DomainAnswer], append_or_reset]
