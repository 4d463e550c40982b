"""clarify: asks one question back and remembers what may be chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_core.messages import AIMessage

from mdsa.graph.state import AgentState
from mdsa.nodes.history import question_text
from mdsa.nodes.types import Node

__all__ = ["make_clarify"]


def make_clarify(descriptions: Mapping[str, str]) -> Node[AgentState]:
    """Build the node over the domains' descriptions, by name."""

    def clarify(state: AgentState) -> dict[str, Any]:
        choices = state["route"]["domains"]
        options = [f"{name.replace('_', ' ')} ({_phrase(descriptions[name])})" for name in choices]
        question = f"Is your question about {' or about '.join(options)}?"
        message = AIMessage(question, response_metadata={"domains": [], "decision": "clarify"})
        return {
            "messages": [message],
            "pending_clarification": choices,
            "last_question": question_text(state["messages"]),
        }

    return clarify


def _phrase(description: str) -> str:
    phrase = description.strip().rstrip(".")
    return phrase[:1].lower() + phrase[1:]
