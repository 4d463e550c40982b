"""An answer from passages or results, checked before it is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from mdsa.models.grounding import find_inventions
from mdsa.models.partial_answers import parse_answers
from mdsa.models.passages import Passage, parse_facts, parse_passages
from mdsa.models.smollm2.citations import cited_passages, without_wrong_citations
from mdsa.models.smollm2.prompt import ABSTENTION

__all__ = ["GroundedAnswer", "Sources", "ground", "sources_of"]


@dataclass(frozen=True, slots=True)
class Sources:
    """What an answer may draw on.

    Attributes:
        passages: of the last question.
        texts: everything that was said to the model but instructions.
    """

    passages: list[Passage]
    texts: list[str]


@dataclass(frozen=True, slots=True)
class GroundedAnswer:
    """What is said, and what a reply's metadata tells of it."""

    text: str
    metadata: dict[str, Any] = field(default_factory=dict)


def sources_of(messages: Sequence[BaseMessage]) -> Sources | None:
    """The sources of the last question; None where it came with none, as in a plain chat."""
    places = [n for n, message in enumerate(messages) if isinstance(message, HumanMessage)]
    if not places:
        return None
    last = str(messages[places[-1]].text)
    passages = parse_passages(last)
    results = any(isinstance(message, ToolMessage) for message in messages[places[-1] :])
    if not (passages or results or parse_facts(last) or parse_answers(last)):
        return None
    texts = [str(m.text) for m in messages if not isinstance(m, SystemMessage | AIMessage)]
    # What stands escaped in a block counts as it is read.
    texts += [f"{each.title}\n{each.text}" for each in passages]
    return Sources(passages, texts)


def ground(
    said: str,
    sources: Sources,
    messages: Sequence[BaseMessage],
    fallback: BaseChatModel | None,
) -> GroundedAnswer:
    """Pass an answer on, or have `fallback` answer where something in it stands in no source."""
    text = without_wrong_citations(said.strip(), sources.passages)
    abstained = not text or text.startswith(ABSTENTION)
    if abstained:
        return GroundedAnswer(ABSTENTION, {"abstained": True, "passage_ids": []})
    invented = find_inventions(text, sources.texts)
    if not invented:
        ids = cited_passages(text, sources.passages)
        return GroundedAnswer(text, {"abstained": False, "passage_ids": ids})
    mark = {
        "degraded": True,
        "degraded_reason": f"stands in no source: {', '.join(invented)}",
    }
    if fallback is None:
        return GroundedAnswer(text, {"abstained": False, **mark})
    reply = fallback.invoke(list(messages))
    kept = ("abstained", "passage_ids")
    metadata = {
        name: reply.response_metadata[name] for name in kept if name in reply.response_metadata
    }
    answered_by = reply.response_metadata.get("model_name", "")
    return GroundedAnswer(str(reply.text), {**metadata, **mark, "answered_by": answered_by})
