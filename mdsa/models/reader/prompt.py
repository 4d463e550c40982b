"""What the reader takes from a conversation: question, passages, facts and tool results."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from mdsa.models.partial_answers import PartialAnswer, parse_answers
from mdsa.models.passages import Passage, parse_facts, parse_passages

__all__ = ["Conversation", "ToolOutcome", "read_conversation"]

_BLOCKS = re.compile(r"<(passages|facts|answers)>\n.*?\n</\1>", re.DOTALL)
_LABEL = re.compile(r"^\s*(?:question|user|query)\s*:\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ToolOutcome:
    """A tool call since the question, with what came of it.

    Attributes:
        name: the tool.
        args: arguments of the call.
        content: text of the result.
        failed: whether it is an error.
    """

    name: str
    args: dict[str, object]
    content: str
    failed: bool


@dataclass(frozen=True, slots=True)
class Conversation:
    """A prompt, taken apart.

    Attributes:
        question: the last human message without its blocks.
        earlier: human messages before it, oldest first, without their blocks.
        passages: those of the system messages, or else of the last human message.
        facts: likewise.
        outcomes: tool calls since the question that have a result.
        last_reply: the last AI text before the question; empty for none.
        answers: those to be merged into one; none where a question is to be answered.
    """

    question: str
    earlier: tuple[str, ...]
    passages: tuple[Passage, ...]
    facts: dict[str, str]
    outcomes: tuple[ToolOutcome, ...]
    last_reply: str
    answers: tuple[PartialAnswer, ...] = ()


def read_conversation(messages: Sequence[BaseMessage]) -> Conversation:
    """Take a prompt apart.

    Blocks in a system message win over those in the human message, and the first of a kind over
    later ones: a person who types `<passages>` does not replace what was retrieved.
    """
    humans = [index for index, message in enumerate(messages) if isinstance(message, HumanMessage)]
    last = humans[-1] if humans else len(messages)
    system = "\n".join(str(m.text) for m in messages if isinstance(m, SystemMessage))
    human = str(messages[last].text) if humans else ""
    replies = [str(m.text) for m in messages[:last] if isinstance(m, AIMessage) and m.text]
    return Conversation(
        question=_plain(human),
        earlier=tuple(_plain(str(messages[index].text)) for index in humans[:-1]),
        passages=tuple(parse_passages(_first(system, human, "passages"))),
        facts=parse_facts(_first(system, human, "facts")),
        outcomes=tuple(_outcomes(messages[last + 1 :])),
        last_reply=replies[-1] if replies else "",
        answers=tuple(parse_answers(_first(system, human, "answers"))),
    )


def _first(system: str, human: str, name: str) -> str:
    """The first block of its kind, wherever the prompt's author put it."""
    for text in (system, human):
        for match in _BLOCKS.finditer(text):
            if match.group(1) == name:
                return match.group()
    return ""


def _plain(text: str) -> str:
    return _LABEL.sub("", _BLOCKS.sub("", text)).strip()


def _outcomes(messages: Sequence[BaseMessage]) -> list[ToolOutcome]:
    calls = {
        call["id"]: call
        for message in messages
        if isinstance(message, AIMessage)
        for call in message.tool_calls
    }
    found = []
    for message in messages:
        if isinstance(message, ToolMessage):
            call = calls.get(message.tool_call_id)
            found.append(
                ToolOutcome(
                    name=str(call["name"]) if call else str(message.name or "tool"),
                    args=dict(call["args"]) if call else {},
                    content=str(message.text),
                    failed=message.status == "error",
                )
            )
    return found
