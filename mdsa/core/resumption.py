"""How an unfinished turn goes on: what it waits for, and whether the caller may let it go on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langgraph.types import Command, Interrupt, StateSnapshot

from mdsa.errors import InvalidInputError
from mdsa.graph.context import RunContext
from mdsa.nodes.approve import read_decision

__all__ = ["resumption"]

_UNROUTED = frozenset({"__start__", "classify"})
"""Nodes before which nothing was decided that this run's context would not decide anew."""


def resumption(
    snapshot: StateSnapshot,
    decision: object,
    run: RunContext,
    session_id: str,
    *,
    domain: str | None = None,
) -> Command[Any] | None:
    """Give the graph's input that goes on with a session's turn.

    Args:
        snapshot: the session's state, with those of its subgraphs.
        decision: on the tool calls that wait; None where none do.
        run: who asks, and what they may use now.
        session_id: for messages.
        domain: whose subgraph the session's turns are; None is the whole graph's.

    Raises:
        InvalidInputError: there is nothing to go on with, the caller may not use all domains of
            the turn, or the decision cannot be read.
    """
    if not snapshot.next:
        raise InvalidInputError(
            f"session {session_id!r} has no unfinished turn; send a message instead."
        )
    asked = _domains(snapshot) if domain is None else {domain}
    if run.allowed_domains is not None and not asked <= set(run.allowed_domains):
        raise InvalidInputError(
            f"the unfinished turn of session {session_id!r} asks a domain that this caller may not "
            "use; send the message again."
        )
    waiting = _waiting(snapshot)
    if not waiting:
        if decision is not None:
            raise InvalidInputError(
                f"no tool call waits in session {session_id!r}: it was decided on before, and may "
                "have run. Resume without a decision to finish the turn, or send a new message."
            )
        return None
    calls = [str(call["id"]) for item in waiting for call in item.value["calls"]]
    if decision is None:
        raise InvalidInputError(
            f"session {session_id!r} waits for a decision on tool calls; resume with True, False "
            f"or a mapping from call id to either. The calls: {', '.join(calls)}."
        )
    read_decision(decision, calls)
    strange = [id_ for id_ in decision if id_ not in calls] if isinstance(decision, Mapping) else []
    if strange:
        raise InvalidInputError(
            f"no tool call {strange[0]!r} waits in session {session_id!r}; those that do: "
            f"{', '.join(calls)}."
        )
    return Command(resume={interrupt.id: decision for interrupt in waiting})


def _waiting(snapshot: StateSnapshot) -> list[Interrupt]:
    """Interrupts that nobody has decided on.

    The parent's snapshot keeps an interrupt until the domain has ended. Where the process died
    while an approved tool ran, only the domain's own snapshot tells that the decision is taken.
    """
    return [
        interrupt
        for task in snapshot.tasks
        for interrupt in (
            task.state.interrupts if isinstance(task.state, StateSnapshot) else task.interrupts
        )
    ]


def _domains(snapshot: StateSnapshot) -> set[str]:
    """The domains that the unfinished turn has asked or may still ask."""
    pending, values = frozenset(snapshot.next), snapshot.values
    if pending <= _UNROUTED:
        return set()
    if "gate" in pending:
        return set(values["classification"]["message"]["scores"])
    route = values["route"]
    offered = route["scores"] if "decompose" in pending else route["domains"]
    return {*offered, *(query["domain"] for query in values.get("sub_queries", []))}
