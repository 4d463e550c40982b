"""approve: a person decides on tool calls that write, before any tool of the round runs.

All calls of a round are put in one interrupt. Were each asked for while the tools run, resuming
would run again a writing tool that was approved before.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from langchain_core.messages import AIMessage, ToolCall
from langgraph.types import interrupt

from mdsa.errors import InvalidInputError
from mdsa.graph.state import DomainState
from mdsa.nodes.answer import turn_failures
from mdsa.nodes.types import Node

__all__ = ["make_approve", "pending_writes", "read_decision"]

_DECLINED = "The user declined this call."


def pending_writes(state: DomainState, writing_tools: Collection[str]) -> list[ToolCall]:
    """Calls of the model's last message that would write."""
    last = state["messages"][-1]
    calls = last.tool_calls if isinstance(last, AIMessage) else []
    return [call for call in calls if call["name"] in writing_tools]


def make_approve(domain: str, writing_tools: Collection[str]) -> Node[DomainState]:
    """Build the node for the tools that write.

    The run is resumed with True or False for all calls, or with a mapping from call id to either.
    Anything else is asked for again, with the reason under `error`.
    """

    def approve(state: DomainState) -> dict[str, Any]:
        calls = pending_writes(state, writing_tools)
        request: dict[str, Any] = {
            "type": "tool_approval",
            "domain": domain,
            "calls": [
                {"id": call["id"], "name": call["name"], "args": call["args"]} for call in calls
            ],
        }
        if failures := turn_failures(state):  # whoever decides may want to know who proposes
            request["failures"] = failures
        ids = [str(call["id"]) for call in calls]
        # The checkpoint keeps what a run was resumed with: raising would fail every later try too.
        while True:
            try:
                approved = read_decision(interrupt(request), ids)
                break
            except InvalidInputError as error:
                request = {**request, "error": str(error)}
        return {"refused_calls": {id_: _DECLINED for id_ in ids if id_ not in approved}}

    return approve


def read_decision(decision: object, call_ids: Collection[str]) -> set[str]:
    """The calls that a decision approves; one that a mapping leaves out is not approved.

    Raises:
        InvalidInputError: the decision is neither true, false nor a mapping from call id to these.
    """
    if isinstance(decision, bool):
        return set(call_ids) if decision else set()
    if isinstance(decision, Mapping) and all(isinstance(item, bool) for item in decision.values()):
        return {id_ for id_ in call_ids if decision.get(id_)}
    example = next(iter(call_ids), "call-id")
    raise InvalidInputError(
        f"cannot read the approval {decision!r}; resume with true, false, "
        f"or a mapping such as {{{example!r}: true}}"
    )
