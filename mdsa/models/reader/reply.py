"""The reader's next message: tool calls, a question back, or an answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mdsa.models.reader.encoder import ReaderEncoders
from mdsa.models.reader.extraction import Extract, extract
from mdsa.models.reader.features import Question
from mdsa.models.reader.merge import merge_answers
from mdsa.models.reader.prompt import Conversation
from mdsa.models.reader.question import split_message
from mdsa.models.reader.render import label, render_outcomes
from mdsa.models.reader.tool_choice import Choice, Tool, choose
from mdsa.models.reader.words import content_stems

__all__ = ["Limits", "Reply", "compose"]

# Set on the questions of tests/data/reader: tool requests score 0.8 and more, others below 0.5.
_TOOL_FITS = 0.5
_PASSAGE_FITS = 0.5
# Without passages: set on the half of BFCL and on the organisations that are for fitting.
_RELEVANT = 0.35
_RELEVANT_IN_DOMAIN = 0.7
_PLAIN_REQUEST = 1.1


@dataclass(frozen=True, slots=True)
class Limits:
    """The chat model's settings that shape a reply; see its fields."""

    threshold: float
    max_sentences: int
    abstention: str
    partial_abstention: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What to say or call.

    Attributes:
        text: the message's text; may accompany calls.
        calls: (tool, arguments).
        abstained: nothing in the passages answers.
        passages: ids of passages quoted.
        asked_for: arguments that the text asks for.
    """

    text: str = ""
    calls: tuple[tuple[str, dict[str, Any]], ...] = ()
    abstained: bool = False
    passages: tuple[int, ...] = ()
    asked_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Part:
    """One clause of the message and what serves it: a tool, or what the passages say."""

    request: Question
    choice: Choice | None
    found: Extract


def compose(
    conversation: Conversation,
    tools: Sequence[Tool],
    encoders: ReaderEncoders,
    limits: Limits,
    *,
    forced: str | None = None,
) -> Reply:
    """Decide on the next message.

    The decision is a function of the conversation alone, so after tool results the same calls
    come out again; those that have a result are answered from it and never repeated.

    Args:
        conversation: the prompt, taken apart.
        tools: those bound.
        encoders: for sentences and for tools.
        limits: settings.
        forced: a tool's name, or `any` for whichever fits best; None where the reader may choose.
    """
    if conversation.answers and not conversation.outcomes:
        text = merge_answers(conversation.answers)
        return Reply(text or limits.abstention, abstained=not text)
    if forced and not conversation.outcomes:
        tools = [tool for tool in tools if forced in (tool.name, "any", "required")]
        return _forced(conversation, tools, encoders)
    parts = [
        _decide(request, conversation, tools, encoders, limits)
        for request in _requests(conversation)
    ]
    parts = _whole_if_one(parts, conversation, tools, encoders, limits)
    pending = [
        (choice.tool.name, args)
        for part in parts
        if (choice := part.choice) and not choice.filled.missing and not choice.rival
        for args in (choice.filled.args, *choice.filled.more)
        if not _done(choice.tool.name, conversation)
    ]
    if pending:
        unique = {json.dumps(call, sort_keys=True, default=str): call for call in pending}
        return Reply(calls=tuple(unique.values()))
    return _answer(parts, conversation, limits)


def _whole_if_one(
    parts: list[_Part],
    conversation: Conversation,
    tools: Sequence[Tool],
    encoders: ReaderEncoders,
    limits: Limits,
) -> list[_Part]:
    """The message undivided where its parts name one tool at most, and together serve it better.

    Only without passages: with them, a part that names no tool may be a question to them.
    """
    named = {part.choice.tool.name for part in parts if part.choice}
    if len(parts) < 2 or conversation.passages or len(named) > 1:
        return parts
    request = Question(conversation.question, parts[0].request.background)
    whole = _decide(request, conversation, tools, encoders, limits)
    if whole.choice is None or whole.choice.filled.missing:
        return parts
    return [whole]


def _requests(conversation: Conversation) -> list[Question]:
    earlier = conversation.earlier
    text = conversation.question
    if earlier and _answers_back(conversation):
        # "ORD-1001", after "Which order ID do you mean?": the request is the message before.
        text = f"{earlier[-1].rstrip(' .?!')} {text}"
        earlier = earlier[:-1]
    return split_message(text, earlier)


def _answers_back(conversation: Conversation) -> bool:
    asked = conversation.last_reply.startswith(("Which ", "What ", "Do you want me to ")) and (
        conversation.last_reply.endswith(("do you mean?", "should I use?", "”?"))
    )
    return asked and len(content_stems(conversation.question)) <= 4


def _decide(
    request: Question,
    conversation: Conversation,
    tools: Sequence[Tool],
    encoders: ReaderEncoders,
    limits: Limits,
) -> _Part:
    found = extract(
        request,
        conversation.passages,
        encoders.answers,
        threshold=limits.threshold,
        max_sentences=limits.max_sentences,
    )
    choice = choose(
        request,
        tools,
        encoders.meaning,
        facts=conversation.facts,
        earlier=conversation.earlier,
    )
    if choice is not None and not conversation.passages:
        fits = choice.relevance >= _RELEVANT or choice.score >= _PLAIN_REQUEST
        if not choice.filled.missing:
            fits = fits or choice.relevance_in_domain >= _RELEVANT_IN_DOMAIN
        if choice.general and choice.filled.missing and not choice.own:
            fits = False  # about the rules, not about a case of the caller's
        return _Part(request, choice if fits else None, found)
    if choice is None or choice.score < _TOOL_FITS:
        return _Part(request, None, found)
    if choice.general and not choice.named:
        about_rules = bool(choice.filled.missing) and not choice.own
        if about_rules or found.confidence >= limits.threshold:
            return _Part(request, None, found)
    if choice.filled.missing and not choice.looks and found.confidence >= limits.threshold:
        # "What do I need to bring to collect my order?" is no reason to ask which order.
        return _Part(request, None, found)
    if not choice.named and not choice.own and found.confidence >= max(_PASSAGE_FITS, choice.score):
        return _Part(request, None, found)
    return _Part(request, choice, found)


def _forced(conversation: Conversation, tools: Sequence[Tool], encoders: ReaderEncoders) -> Reply:
    background = " ".join(conversation.earlier[-1:]) if _answers_back(conversation) else ""
    request = Question(conversation.question, background)
    choice = choose(
        request,
        tools,
        encoders.meaning,
        facts=conversation.facts,
        earlier=conversation.earlier,
    )
    if choice is None:
        return Reply(abstained=True)
    if choice.filled.missing:
        return _ask(choice)
    calls = (choice.filled.args, *choice.filled.more)
    return Reply(calls=tuple((choice.tool.name, args) for args in calls))


def _done(name: str, conversation: Conversation) -> bool:
    """A tool with a result is not called again in the turn, whatever its arguments."""
    return any(outcome.name == name for outcome in conversation.outcomes)


def _answer(parts: Sequence[_Part], conversation: Conversation, limits: Limits) -> Reply:
    texts: list[str] = []
    passages: list[int] = []
    unanswered = 0
    asked: tuple[str, ...] = ()
    shown: list[str] = []
    said: set[str] = set()
    for part in parts:
        outcomes = [
            o for o in conversation.outcomes if part.choice and o.name == part.choice.tool.name
        ]
        if outcomes:
            if part.choice and part.choice.tool.name not in shown:
                shown.append(part.choice.tool.name)
                texts.append(render_outcomes(outcomes, part.request.text))
        elif part.choice and (part.choice.filled.missing or part.choice.rival):
            if not asked:
                question = _ask(part.choice)
                asked = question.asked_for
                texts.append(question.text)
        elif part.found.text:
            # One sentence may answer two parts of a message, and is said once.
            new = part.found.without(said)
            if new.sentences:
                texts.append(new.text)
            said.update(sentence.text for sentence in new.sentences)
            passages += new.passages
        else:
            unanswered += 1
    others = [o for o in conversation.outcomes if o.name not in shown]
    if others:  # called for a reason that this model does not see; its result is still the answer
        texts.insert(0, render_outcomes(others, conversation.question))
        unanswered = 0
    if not texts:
        return Reply(limits.abstention, abstained=True)
    if unanswered:
        texts.append(limits.partial_abstention)
    return Reply("\n\n".join(texts), passages=tuple(dict.fromkeys(passages)), asked_for=asked)


def _ask(choice: Choice) -> Reply:
    """One question for all that is missing, or between two tools."""
    if choice.rival:
        text = f"Do you want me to “{label(choice.tool.name)}” or “{label(choice.rival.name)}”?"
        return Reply(text, asked_for=("tool",))
    properties: Mapping[str, Any] = choice.tool.parameters.get("properties", {})
    missing = choice.filled.missing
    names = " and ".join(_slot_label(name, properties.get(name, {})) for name in missing)
    identifies = len(missing) == 1 and missing[0].lower().endswith(("id", "number", "code"))
    text = f"Which {names} do you mean?" if identifies else f"What {names} should I use?"
    return Reply(text, asked_for=missing)


def _slot_label(name: str, schema: Mapping[str, Any]) -> str:
    options = [str(option) for option in schema.get("enum", ())]
    listed = f" ({', '.join(options[:-1])} or {options[-1]})" if len(options) > 1 else ""
    return f"{label(name)}{listed}"
