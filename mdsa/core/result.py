"""The result of a request, as the guide promises it and more."""

from __future__ import annotations

from typing import Any

from langgraph.types import Interrupt
from typing_extensions import TypedDict

from mdsa.graph.state import AgentState, Decision, ModelFailure, RouteState, Source, ToolCallRecord

__all__ = ["PendingApproval", "RequestResult", "build_result"]


class PendingApproval(TypedDict):
    """Tool calls that wait for a person; `resume` takes the decision."""

    id: str
    domain: str
    calls: list[dict[str, Any]]
    """`{"id", "name", "args"}` of each call."""


class RequestResult(TypedDict):
    """What `process_request` gives back; JSON-ready."""

    response: str
    domain: str
    """The (first) domain that answered; `clarify` or `unmatched` where none did."""
    confidence: float
    """Calibrated probability of that domain, in [0, 1]."""
    latency_ms: float
    used_reasoning: bool
    decision: Decision
    domains: list[str]
    sources: list[Source]
    tool_calls: list[ToolCallRecord]
    session_id: str
    request_id: str
    degraded: bool
    """A configured model could not be used and another one answered, or chose the tools."""
    models: list[str]
    """References of the models that answered, each once, in the order of the answers."""
    failures: list[ModelFailure]
    """Models that were asked and did not answer, each with the reason."""
    reason: str
    """Why the message went where it went."""
    scores: dict[str, float]
    input_tokens: int
    """Tokens that the models of this turn read, as they reported it; 0 where none counts."""
    output_tokens: int
    """Likewise those that they wrote."""
    node_latency_ms: dict[str, float]
    """Milliseconds by node; a domain's entry contains those of the nodes inside it."""
    interrupts: list[PendingApproval]
    """Not empty: nothing was written yet; decide with `resume`."""


def build_result(
    state: AgentState,
    interrupts: tuple[Interrupt, ...],
    *,
    session_id: str,
    request_id: str,
    latency_ms: float,
    node_latency_ms: dict[str, float],
    tokens: tuple[int, int],
) -> RequestResult:
    """Read a finished, or interrupted, turn's state.

    Args:
        state: of the whole graph.
        interrupts: what waits for a person.
        session_id: conversation that the turn belongs to.
        request_id: of the turn.
        latency_ms: from receiving the message to the whole answer.
        node_latency_ms: milliseconds by node.
        tokens: input and output tokens of the turn's model calls.
    """
    route = state["route"]
    answers = sorted(state.get("answers", []), key=lambda answer: answer["position"])
    approvals = [_approval(interrupt) for interrupt in interrupts]
    # What a domain has gathered is in its own state until it ends.
    failures = [
        failure
        for part in [*answers, *(interrupt.value for interrupt in interrupts)]
        for failure in part.get("failures", [])
    ]
    return RequestResult(
        response=_ask_approval(approvals) if approvals else state["messages"][-1].text,
        domain=_domain(route),
        confidence=route["confidence"],
        latency_ms=latency_ms,
        used_reasoning=route["used_reasoning"],
        decision=route["decision"],
        domains=list(route["domains"]),
        sources=[source for answer in answers for source in answer["sources"]],
        tool_calls=[call for answer in answers for call in answer["tool_calls"]],
        session_id=session_id,
        request_id=request_id,
        degraded=route["degraded"] or bool(failures) or any(one["degraded"] for one in answers),
        models=list(dict.fromkeys(answer["model"] for answer in answers if answer["model"])),
        failures=[*route.get("failures", []), *failures],
        reason=route["reason"],
        scores=route["scores"],
        input_tokens=tokens[0],
        output_tokens=tokens[1],
        node_latency_ms=node_latency_ms,
        interrupts=approvals,
    )


def _domain(route: RouteState) -> str:
    answered = route["decision"] in ("direct", "decompose") and route["domains"]
    return route["domains"][0] if answered else route["decision"]


def _approval(interrupt: Interrupt) -> PendingApproval:
    value = interrupt.value
    return PendingApproval(id=interrupt.id, domain=value["domain"], calls=value["calls"])


def _ask_approval(approvals: list[PendingApproval]) -> str:
    calls = [
        f"{call['name']}({', '.join(f'{key}={value!r}' for key, value in call['args'].items())})"
        for approval in approvals
        for call in approval["calls"]
    ]
    return f"Please approve or decline: {'; '.join(calls)}."
