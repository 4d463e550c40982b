"""answer: closes a domain's subgraph with the answer, its sources and its tool calls."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage

from mdsa.graph.state import (
    DomainAnswer,
    DomainState,
    ModelFailure,
    PassageRecord,
    Source,
    ToolCallRecord,
)
from mdsa.nodes.history import message_text
from mdsa.nodes.types import Node

__all__ = ["make_answer", "turn_failures"]

_CITATION = re.compile(r"\[(\d{1,2})\]")
_NO_ANSWER = "I could not reach an answer within the number of steps I am allowed."


def make_answer(domain: str) -> Node[DomainState]:
    """Build the node for a domain."""

    def answer(state: DomainState) -> dict[str, Any]:
        asked = state["asked"]
        turn = state["messages"][asked["replies_from"] :]
        reply = turn[-1]
        text = message_text(reply).strip()
        metadata = reply.response_metadata
        result = DomainAnswer(
            domain=domain,
            query=asked["query"],
            position=asked["position"],
            text=text or _NO_ANSWER,
            message_id=reply.id or "",
            abstained=bool(metadata.get("abstained", not text)),
            degraded=any(message.response_metadata.get("degraded") for message in turn),
            model=str(metadata.get("answered_by", "")),
            failures=turn_failures(state),
            sources=_sources(reply, text, state.get("passages", [])),
            tool_calls=_tool_calls(turn),
        )
        return {"answers": [result]}

    return answer


def turn_failures(state: DomainState) -> list[ModelFailure]:
    """The models that were asked in vain since the question, each of which marks it degraded."""
    return [
        ModelFailure(model=failure["model"], reason=failure["reason"])
        for message in state["messages"][state["asked"]["replies_from"] :]
        for failure in message.response_metadata.get("failures", [])
    ]


def _sources(reply: AnyMessage, text: str, passages: Sequence[PassageRecord]) -> list[Source]:
    """Passages that the model says it used: by `passage_ids`, else by citations such as [1]."""
    ids = reply.response_metadata.get("passage_ids")
    if ids is None:
        ids = [int(number) for number in _CITATION.findall(text)]
    used = [passages[number - 1] for number in dict.fromkeys(ids) if 1 <= number <= len(passages)]
    return [_source(passage["metadata"]) for passage in used]


def _source(metadata: dict[str, Any]) -> Source:
    return Source(
        id=str(metadata.get("id", "")),
        title=str(metadata.get("title", "")),
        source=str(metadata.get("source", "")),
        scope="local" if metadata.get("scope") == "local" else "global",
        score=float(metadata.get("score", 0.0)),
    )


def _tool_calls(turn: Sequence[AnyMessage]) -> list[ToolCallRecord]:
    results = {
        message.tool_call_id: message for message in turn if isinstance(message, ToolMessage)
    }
    calls = [
        call for message in turn if isinstance(message, AIMessage) for call in message.tool_calls
    ]
    return [
        ToolCallRecord(
            id=call["id"],
            name=call["name"],
            args=call["args"],
            status=results[call["id"]].status,
            content=message_text(results[call["id"]]),
        )
        for call in calls
        if call["id"] is not None and call["id"] in results
    ]
