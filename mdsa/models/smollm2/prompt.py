"""The text that SmolLM2 continues: one short form for each of the jobs that its adapter knows.

What comes in are the messages that any chat model of MDSA is given. Passages, facts, results of
tools and partial answers are read back from them (`mdsa.models.passages`,
`mdsa.models.partial_answers`) and written anew in fewer tokens. The adapter was trained on exactly
what this module writes, so a change here asks for a new adapter (`FORM` names the version).
Everything else is a plain chat in the model's own template.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from mdsa.models.partial_answers import parse_answers
from mdsa.models.passages import parse_facts, parse_passages
from mdsa.models.smollm2.evidence import Evidence
from mdsa.models.smollm2.focus import focus_passages

__all__ = [
    "ABSTENTION",
    "END",
    "FORM",
    "PARTIAL_ABSTENTION",
    "answer_prompt",
    "call_prompt",
    "chat",
    "is_split",
    "known_facts",
    "question_of",
    "split_prompt",
    "word_prompt",
]

FORM = 2
"""Version of the prompts; an adapter's card names the one that it was trained on."""
END = "<|im_end|>"
"""Ends a turn."""
ABSTENTION = "I could not find that in my documents."
PARTIAL_ABSTENTION = "I could not find the rest in my documents."

_ANSWER = (
    "Answer the question from the passages, results and known facts only. Cite passages like [1]. "
    f"If they do not hold the answer, say: {ABSTENTION}"
)
_WORD = (
    "Answer the question in one short sentence, in the words of the text. Cite it like [1]. "
    f"If the text does not answer it, say: {ABSTENTION}"
)
_SPLIT = "Split the message into one question for each specialist that it asks, as JSON."
_MERGE = "Merge the answers into one message. Keep every fact, figure, name and date."
_CALL = (
    "Write the tool calls that the message asks for as a JSON list, with values from the message. "
    "Write [] if no tool fits.\nTools:"
)
_PLAIN = "You are a helpful assistant."
_PASSAGE_CHARS = 800
"""On XQuAD's half to fit on, the sentence with the answer is left in 99 % of contexts of five."""
_RESULT_CHARS = 900
_EARLIER_CHARS = 240
_ARGUMENT_CHARS = 110
_DESCRIPTION_CHARS = 160
_EARLIER_TURNS = 4
_DOMAIN = re.compile(r"^- ([\w-]+): (.*)$", re.MULTILINE)
_DOMAIN_CHARS = 120
_BLOCK = re.compile(r"<(passages|facts|answers)>\n.*\n</\1>\s*", re.DOTALL)
_SPECIAL = re.compile(r"<\|(im_start|im_end|endoftext)\|>")
_SPACES = re.compile(r"\s+")


def chat(turns: Sequence[tuple[str, str]]) -> str:
    """Write turns (role, text) in the model's template, open for the assistant's next one."""
    parts = [f"<|im_start|>{role}\n{_SPECIAL.sub('', text)}{END}\n" for role, text in turns]
    return "".join(parts) + "<|im_start|>assistant\n"


def answer_prompt(messages: Sequence[BaseMessage]) -> str:
    """The prompt for an answer in words: from passages and results, a merge, or a plain chat."""
    index = _last_question(messages)
    if index < 0:
        return chat(_as_turns(messages))
    text = str(messages[index].text)
    results = [message for message in messages[index:] if isinstance(message, ToolMessage)]
    answers = parse_answers(text)
    if answers:
        listing = "\n".join(
            f"{number}. {_flat(each.question)}\n{each.text.strip()}"
            for number, each in enumerate(answers, start=1)
        )
        return chat([("system", _MERGE), ("user", listing)])
    passages, facts = parse_passages(text), parse_facts(text)
    if not (passages or facts or results):
        return chat(_as_turns(messages))
    question = _question(text)
    earlier = _earlier_question(messages[:index])
    parts = [
        f"[{passage.id}] " + (f"{_flat(passage.title)}: " if passage.title else "") + passage.text
        for passage in focus_passages(passages, f"{earlier} {question}", _PASSAGE_CHARS)
    ]
    parts += [f"Result of {each.name or 'a tool'}: {_result(each)}" for each in results]
    if facts:
        parts.append("Known: " + _known(facts))
    if earlier:
        parts.append(f"Earlier question: {earlier}")
    return chat([("system", _ANSWER), ("user", "\n".join(parts) + f"\n\nQuestion: {question}")])


def call_prompt(messages: Sequence[BaseMessage], tools: Sequence[Mapping[str, Any]]) -> str:
    """The prompt for tool calls.

    Args:
        messages: the conversation.
        tools: in OpenAI's form, `{"type": "function", "function": …}`.
    """
    listing = "\n".join(_tool(tool["function"]) for tool in tools)
    index = _last_question(messages)
    if index < 0:
        return chat([("system", f"{_CALL}\n{listing}"), *_as_turns(messages)[1:]])
    text = str(messages[index].text)
    facts = parse_facts(text)
    earlier = [turn for turn in _as_turns(messages[:index]) if turn[0] != "system"]
    turns = [(role, _clip(said, _EARLIER_CHARS)) for role, said in earlier[-_EARLIER_TURNS:]]
    asked = _question(text)
    if facts:
        asked = f"Known: {_known(facts)}\n\n{asked}"
    return chat([("system", f"{_CALL}\n{listing}"), *turns, ("user", asked)])


def word_prompt(evidence: Evidence) -> str:
    """The prompt for one question and the sentences that the reader found for it."""
    lines = []
    for sentence in evidence.found.sentences:
        title = _flat(evidence.titles.get(sentence.passage, ""))
        opening = f"{title}: " if title else ""
        lines.append(f"[{sentence.passage}] {opening}{_flat(sentence.text)}")
    if evidence.question.background:
        lines.append(f"Earlier question: {_clip(evidence.question.background, _EARLIER_CHARS)}")
    asked = "\n".join([*lines, f"Question: {_flat(evidence.question.text)}"])
    return chat([("system", _WORD), ("user", asked)])


def is_split(schema: Mapping[str, Any]) -> bool:
    """Whether an answer's schema is that of `mdsa.nodes.split_request`."""
    return set(schema.get("properties") or ()) == {"questions"}


def split_prompt(messages: Sequence[BaseMessage]) -> str:
    """The prompt for the questions of a message.

    Args:
        messages: as `mdsa.nodes.split_request` writes them; the domains stand in the system
            message, a line each.
    """
    system = "\n".join(str(m.text) for m in messages if isinstance(m, SystemMessage))
    lines = [f"- {name}: {_clip(said, _DOMAIN_CHARS)}" for name, said in _DOMAIN.findall(system)]
    asked = str(messages[_last_question(messages)].text)
    return chat([("system", "\n".join([_SPLIT, *lines])), ("user", asked)])


def question_of(messages: Sequence[BaseMessage]) -> str:
    """What was asked last, without the blocks around it; empty where nothing was."""
    index = _last_question(messages)
    return "" if index < 0 else _question(str(messages[index].text))


def known_facts(messages: Sequence[BaseMessage]) -> dict[str, str]:
    """What the application knows of the caller, by name."""
    index = _last_question(messages)
    return {} if index < 0 else parse_facts(str(messages[index].text))


def _last_question(messages: Sequence[BaseMessage]) -> int:
    places = [i for i, message in enumerate(messages) if isinstance(message, HumanMessage)]
    return places[-1] if places else -1


def _question(text: str) -> str:
    return _BLOCK.sub("", text).strip()


def _earlier_question(messages: Sequence[BaseMessage]) -> str:
    index = _last_question(messages)
    return "" if index < 0 else _clip(_flat(_question(str(messages[index].text))), _EARLIER_CHARS)


def _known(facts: Mapping[str, str]) -> str:
    return "; ".join(f"{name} = {_flat(value)}" for name, value in facts.items())


def _result(message: ToolMessage) -> str:
    return _clip(_flat(str(message.text)), _RESULT_CHARS)


def _tool(function: Mapping[str, Any]) -> str:
    description = _clip(_flat(str(function.get("description", ""))), _DESCRIPTION_CHARS)
    lines = [f"{function['name']}: {description}"]
    parameters = function.get("parameters") or {}
    required = set(parameters.get("required") or ())
    for name, schema in (parameters.get("properties") or {}).items():
        need = "required" if name in required else "optional"
        detail = _clip(_flat(str(schema.get("description", ""))), _ARGUMENT_CHARS)
        lines.append(f"- {name} ({_kind(schema)}, {need}) {detail}".rstrip())
    return "\n".join(lines)


def _kind(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return "one of " + ", ".join(json.dumps(value) for value in schema["enum"][:8])
    kind = schema.get("type")
    if kind is None:
        kinds = [_kind(each) for each in schema.get("anyOf") or () if each.get("type") != "null"]
        return " or ".join(kinds) or "any"
    if kind == "array":
        items = schema.get("items")
        return f"list of {_kind(items)}" if isinstance(items, Mapping) else "list"
    if kind == "object" and schema.get("properties"):
        inner = ", ".join(f"{name}: {_kind(each)}" for name, each in schema["properties"].items())
        return "object {" + inner + "}"
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _as_turns(messages: Sequence[BaseMessage]) -> list[tuple[str, str]]:
    """Roles and texts; neighbours of one role are joined, and a system turn is always there."""
    turns: list[tuple[str, str]] = []
    for message in messages:
        text = str(message.text)
        if isinstance(message, SystemMessage):
            role = "system"
        elif isinstance(message, AIMessage):
            role = "assistant"
            if message.tool_calls:
                calls = [{"name": c["name"], "arguments": c["args"]} for c in message.tool_calls]
                text = f"{text}\n{json.dumps(calls, ensure_ascii=False)}".strip()
        else:
            role = "user"
        if isinstance(message, ToolMessage):
            text = f"Result of {message.name or 'a tool'}: {_result(message)}"
        if not text:
            continue
        if turns and turns[-1][0] == role:
            turns[-1] = (role, f"{turns[-1][1]}\n\n{text}")
        else:
            turns.append((role, text))
    return turns if turns and turns[0][0] == "system" else [("system", _PLAIN), *turns]


def _flat(text: str) -> str:
    return _SPACES.sub(" ", text).strip()


def _clip(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: text.rfind(" ", 0, limit) + 1 or limit].rstrip()
