"""Turns of one domain's subgraph, which is asked by its name: nothing is routed."""

from __future__ import annotations

from typing import Any

from mdsa.graph.state import AgentState, RouteState
from mdsa.sessions.transcript import validate_session_id

__all__ = ["as_agent_state", "domain_session_id"]


def domain_session_id(domain: str, session_id: str) -> str:
    """The session of a thread of the subgraph, `<domain>:<thread>`; one that is so named stays.

    The whole graph's sessions hold other state, so the two must not share one.

    Raises:
        InvalidInputError: the id cannot name a session.
    """
    prefix = f"{domain}:"
    named = session_id.startswith(prefix) and session_id != prefix
    return validate_session_id(session_id if named else prefix + validate_session_id(session_id))


def as_agent_state(domain: str, state: dict[str, Any]) -> AgentState:
    """Give the state of a domain's turn as if the whole graph had come to this domain."""
    route = RouteState(
        decision="direct",
        domains=[domain],
        confidence=1.0,
        scores={domain: 1.0},
        out_of_scope=0.0,
        reason="the domain was asked by its name",
        used_reasoning=False,
        degraded=False,
        declined=[],
    )
    return AgentState(
        messages=state["messages"],
        answers=state.get("answers", []),
        route=route,
        last_domain=domain,
    )
