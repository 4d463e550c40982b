"""clarify: asks one question back and remembers what may be chosen."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import AIMessage

from mdsa.graph.state import AgentState
from mdsa.nodes.history import question_text

__all__ = ["clarify"]


def clarify(state: AgentState) -> dict[str, Any]:
    """The node: ask which of the closest domains is meant."""
    choices = state["route"]["domains"]
    options = " or about ".join(name.replace("_", " ") for name in choices)
    message = AIMessage(
        f"Is your question about {options}?",
        response_metadata={"domains": [], "decision": "clarify"},
    )
    return {
        "messages": [message],
        "pending_clarification": choices,
        "last_question": question_text(state["messages"]),
    }
