"""An answer from passages, results or partial answers, checked before it is said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from mdsa.models.grounding import find_inventions
from mdsa.models.partial_answers import parse_answers
from mdsa.models.passages import Passage, parse_facts, parse_passages
from mdsa.models.reader.answer_types import AnswerType, holds
from mdsa.models.smollm2.citations import cited_passages, without_wrong_citations
from mdsa.models.smollm2.evidence import Evidence
from mdsa.models.smollm2.prompt import ABSTENTION, PARTIAL_ABSTENTION, word_prompt
from mdsa.models.smollm2.wording import flaw_of

__all__ = ["GroundedAnswer", "Sources", "ground", "sources_of", "word_answer"]

_READER = "embedded://reader"
_UNTYPED = frozenset({AnswerType.OTHER, AnswerType.YES_NO, AnswerType.STEPS, AnswerType.REASON})


@dataclass(frozen=True, slots=True)
class Sources:
    """What an answer may draw on.

    Attributes:
        passages: of the last question.
        texts: everything that was said to the model but instructions.
        merged: answers to be merged, each of which is to be kept whole.
        only_passages: whether there is nothing else to answer from.
    """

    passages: list[Passage]
    texts: list[str]
    merged: list[str]
    only_passages: bool


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
    facts, merged = parse_facts(last), [answer.text for answer in parse_answers(last)]
    if not (passages or results or facts or merged):
        return None
    texts = [str(m.text) for m in messages if not isinstance(m, SystemMessage | AIMessage)]
    # What stands escaped in a block counts as it is read.
    texts += [f"{each.title}\n{each.text}" for each in passages]
    return Sources(passages, texts, merged, bool(passages) and not results and not merged)


def word_answer(parts: Sequence[Evidence], write: Callable[[str], str]) -> GroundedAnswer:
    """Answer each question of a message from its evidence, worded anew or as it stands.

    Args:
        parts: the questions with their evidence.
        write: has the model continue a prompt.
    """
    texts: list[str] = []
    ids: list[int] = []
    flaws = []
    for part in parts:
        text, flaw = _worded(part, write) if part.found.sentences else ("", "")
        if flaw:
            text = part.found.text if part.sayable else ""
        if flaw and text:
            flaws.append(flaw)
        if text:
            texts.append(text)
            ids += part.found.passages
    if not texts:
        return GroundedAnswer(ABSTENTION, {"abstained": True, "passage_ids": []})
    if len(texts) < len(parts):
        texts.append(PARTIAL_ABSTENTION)
    metadata: dict[str, Any] = {"abstained": False, "passage_ids": list(dict.fromkeys(ids))}
    if flaws:
        metadata |= {"answered_by": _READER, "quoted_reason": "; ".join(flaws)}
    return GroundedAnswer(("\n\n" if flaws else " ").join(texts), metadata)


def _worded(part: Evidence, write: Callable[[str], str]) -> tuple[str, str]:
    """The wording, and why the evidence has to stand instead; both empty for an abstention."""
    if not part.to_be_worded:
        return "", "steps, lists and yes or no are said as they are written"
    passages = [Passage(s.passage, "", s.text) for s in part.found.sentences]
    text = without_wrong_citations(write(word_prompt(part)).strip(), passages)
    if not text or text.startswith(ABSTENTION):
        return "", "nothing is said" if part.sayable else ""
    kind = part.question.answer_type
    if not part.sayable and (kind in _UNTYPED or not holds(kind, text, part.question.full)):
        return "", ""  # nothing could tell a wrong answer from a right one
    return text, flaw_of(text, part)


def ground(
    said: str,
    sources: Sources,
    messages: Sequence[BaseMessage],
    fallback: BaseChatModel | None,
) -> GroundedAnswer:
    """Pass an answer on, or have `fallback` answer where something in it stands in no source."""
    text = without_wrong_citations(said.strip(), sources.passages)
    silent = not text or text.startswith(ABSTENTION)
    if silent and fallback is None:
        return GroundedAnswer(ABSTENTION, {"abstained": True, "passage_ids": []})
    flaws = ["nothing is said"] if silent else []
    flaws += [f"stands in no source: {word}" for word in find_inventions(text, sources.texts)]
    flaws += [
        f"is left out: {word}" for part in sources.merged for word in find_inventions(part, [text])
    ]
    if not flaws:
        ids = cited_passages(text, sources.passages)
        return GroundedAnswer(text, {"abstained": False, "passage_ids": ids})
    mark = {"degraded": True, "degraded_reason": "; ".join(flaws)}
    if fallback is None:
        return GroundedAnswer(text, {"abstained": False, **mark})
    reply = fallback.invoke(list(messages))
    kept = ("abstained", "passage_ids")
    metadata = {
        name: reply.response_metadata[name] for name in kept if name in reply.response_metadata
    }
    if silent and metadata.get("abstained"):
        mark = {}
    answered_by = reply.response_metadata.get("model_name", "")
    return GroundedAnswer(str(reply.text), {**metadata, **mark, "answered_by": answered_by})
