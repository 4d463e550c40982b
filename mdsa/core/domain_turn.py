"""Turns of one domain's subgraph, which is asked by its name: nothing is routed."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace
from typing import Any

from mdsa.core.request import TurnRequest
from mdsa.errors import InvalidInputError
from mdsa.graph.state import AgentState, RouteState
from mdsa.sessions.transcript import validate_session_id

__all__ = ["as_agent_state", "domain_session_id", "for_graph_of_session"]


def domain_session_id(domain: str, session_id: str) -> str:
    """The session of a thread of the subgraph, `<domain>:<thread>`; one that is so named stays.

    The whole graph's sessions hold other state, so the two must not share one.

    Raises:
        InvalidInputError: the id cannot name a session.
    """
    if _domain_named(session_id) == domain:
        return validate_session_id(session_id)
    return validate_session_id(f"{domain}:{validate_session_id(session_id)}")


def for_graph_of_session(
    request: TurnRequest, domains: Container[str], *, resuming: bool
) -> TurnRequest:
    """Give the request as the graph that the session belongs to takes it.

    Args:
        request: which may not say that its session is a domain's.
        domains: that are registered.
        resuming: goes on with a turn, which says by its session whose it is.

    Raises:
        InvalidInputError: a new turn of the whole graph, in a domain's session.
    """
    domain = _domain_named(request.session_id)
    if request.domain is not None or domain not in domains:
        return request
    if resuming:
        return replace(request, domain=domain)
    raise InvalidInputError(
        f"session {request.session_id!r} is a thread of the domain {domain!r} alone, and a turn "
        f"that is routed would write over it; ask at /langserve/mdsa/{domain}, or use a session_id "
        "that does not begin with a domain's name and a colon."
    )


def _domain_named(session_id: str) -> str | None:
    domain, _, thread = session_id.partition(":")
    return domain if thread else None


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
