"""Reads of a conversation: the last question, and the turns that one domain may see."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage, trim_messages
from langchain_core.messages.utils import count_tokens_approximately

__all__ = ["last_question_index", "message_text", "own_turns", "question_text"]


def message_text(message: AnyMessage) -> str:
    """The text of a message; other content blocks are left out."""
    return str(message.text)


def last_question_index(messages: Sequence[AnyMessage]) -> int:
    """Index of the last human message; -1 where there is none."""
    for index in range(len(messages) - 1, -1, -1):
        if isinstance(messages[index], HumanMessage):
            return index
    return -1


def question_text(messages: Sequence[AnyMessage]) -> str:
    """Text of the last human message; empty where there is none."""
    index = last_question_index(messages)
    return message_text(messages[index]) if index >= 0 else ""


def own_turns(messages: Sequence[AnyMessage], domain: str, *, max_tokens: int) -> list[BaseMessage]:
    """Earlier turns that this domain alone answered, the latest of them within `max_tokens`.

    What another domain was told or has answered stays with it: a session that moves between
    domains would otherwise carry one domain's private knowledge to the next.
    """
    turns: list[AnyMessage] = []
    for question, answer in pairwise(messages):
        if (
            isinstance(question, HumanMessage)
            and isinstance(answer, AIMessage)
            and answer.response_metadata.get("domains") == [domain]
        ):
            turns += [question, answer]
    if not turns:
        return []
    return trim_messages(
        turns,
        max_tokens=max_tokens,
        token_counter=count_tokens_approximately,
        strategy="last",
        start_on="human",
    )
