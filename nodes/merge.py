"""merge: one message out of the turn's answers, in the order of the questions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, RemoveMessage

from mdsa.graph.state import AgentState, DomainAnswer
from mdsa.models.partial_answers import PartialAnswer
from mdsa.models.reader.merge import merge_answers
from mdsa.nodes.history import question_text
from mdsa.nodes.shown_images import old_images_removed
from mdsa.nodes.types import Node
from mdsa.router.small_talk import small_talk

__all__ = ["make_merge"]

_MAX_QUESTION_CHARS = 500
_DEGRADED = "(“{query}” was answered in a simpler way than usual.)"
_REPLIES = {
    None: "I can't help with that.",
    "greeting": "Hello!",
    "thanks": "You're welcome.",
    "farewell": "Goodbye!",
}


def make_merge(max_history: int = 60) -> Node[AgentState]:
    """Build the node; `max_history` messages stay in a session, and the oldest turns go first."""

    def merge(state: AgentState) -> dict[str, Any]:
        route = state["route"]
        answers = sorted(state.get("answers", []), key=lambda answer: answer["position"])
        parts = [_part(answer, answers) for answer in answers]
        parts += [_declined(text) for text in route["declined"]]
        if route["decision"] == "unmatched" and all(answer["abstained"] for answer in answers):
            question = question_text(state["messages"])
            parts = [PartialAnswer(question, _no_answer(question, route["scores"]))]
        text = parts[0].text if len(parts) == 1 else merge_answers(parts)
        shown = [answer["message_id"] for answer in answers if answer["text"] == text]
        message = AIMessage(
            text,
            # An answer that is passed on as it is keeps its id: a stream has shown it already.
            id=shown[0] or None if shown else None,
            additional_kwargs={"domain": ", ".join(route["domains"]) or None},
            response_metadata={
                "domains": route["domains"],
                "decision": route["decision"],
                "degraded": route["degraded"] or any(answer["degraded"] for answer in answers),
                "models": list(dict.fromkeys(one["model"] for one in answers if one["model"])),
            },
        )
        removed = _overflow(state["messages"], max_history)
        aged = old_images_removed(state["messages"], {one.id for one in removed})
        update: dict[str, Any] = {"messages": [*removed, *aged, message]}
        if answers and route["domains"]:
            asked = state["sub_queries"][-1]
            update["last_domain"] = asked["domain"]
            # A follow-up of a follow-up still needs the question that named the subject.
            question = f"{asked['context']} {asked['query']}".strip()
            update["last_question"] = question[-_MAX_QUESTION_CHARS:]
        elif route["decision"] == "unmatched":
            update["last_question"] = question_text(state["messages"])
        return update

    return merge


def _part(answer: DomainAnswer, answers: list[DomainAnswer]) -> PartialAnswer:
    """An answer that, beside others, says what it could not find or that a stand-in gave it."""
    text = answer["text"]
    if len(answers) > 1 and answer["abstained"]:
        text = f"{text} (“{answer['query']}”)"
    elif answer["degraded"] and answer["model"] and not all(other["degraded"] for other in answers):
        text = f"{text}\n\n{_DEGRADED.format(query=answer['query'])}"
    return PartialAnswer(answer["query"], text)


def _declined(query: str) -> PartialAnswer:
    return PartialAnswer(query, f"I can't help with this part: “{query}”")


def _no_answer(question: str, domains: Iterable[str]) -> str:
    opening = _REPLIES[small_talk(question)]
    topics = ", ".join(name.replace("_", " ") for name in sorted(domains))
    return f"{opening} I can help with {topics}." if topics else opening


def _overflow(messages: list[AnyMessage], limit: int) -> list[RemoveMessage]:
    """Removals of the oldest turns, whole, that leave room for the new message."""
    excess = len(messages) + 1 - limit
    if excess <= 0:
        return []
    while excess < len(messages) and not isinstance(messages[excess], HumanMessage):
        excess += 1
    return [
        RemoveMessage(id=str(message.id)) for message in messages[: min(excess, len(messages) - 1)]
    ]
