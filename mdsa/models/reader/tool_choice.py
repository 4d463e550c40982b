"""Which tool a request is for, if any."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mdsa.models.reader.arguments import Filled, fill
from mdsa.models.reader.encoder import CachedEncoder
from mdsa.models.reader.features import Question
from mdsa.models.reader.question import is_question, is_request, resolve
from mdsa.models.reader.render import label
from mdsa.models.reader.sentences import split_prose
from mdsa.models.reader.tool_relevance import relevance, relevance_in_domain, relevance_row
from mdsa.models.reader.words import content_stems, stem, tokens

__all__ = ["Choice", "Tool", "choose", "rank"]

_READING_WORDS = """
get look lookup check find list search show fetch track read query view retrieve calculate compute
count status describe see
"""
_READS = frozenset(stem(word) for word in _READING_WORDS.split())
# Asks about the rules, not about the caller's own case.
_GENERAL = re.compile(
    r"\bhow (?:do|can|could|should|would) (?:i|we|you|one)\b|\bhow (?:long|much|many)\b"
    r"|\bpolicy\b|\bwhat (?:is|are) (?:the|your)\b|\b(?:can|may|could) i\b|\bdo you\b|"
    r"\bam i able\b|\bwhy\b",
    re.IGNORECASE,
)
_OWN = re.compile(r"\b(?:my|mine|me|i'm|i am|i've|our|it|this|that)\b", re.IGNORECASE)
_ORDERS = re.compile(
    r"^\W*(?:(?:hi|hello|hey|ok|okay|and|so|then|now|yes)\W+)*(?:please|(?:can|could|would|"
    r"will) you|"
    r"i(?:'d| would)? (?:want|need|like|wish)|i no longer|let's|go ahead)\b",
    re.IGNORECASE,
)
# Asks to be told something about a thing, not to have it changed.
_LOOKS = re.compile(
    r"\b(?:track|trace|check|status|where|locate|find out|look up|show|see|know|tell|delayed|late|"
    r"arriv\w+|shipped)\b",
    re.IGNORECASE,
)
_STATE = re.compile(
    r"\bhow(?:'s| is| are) (?:my|our|this|that|it|the)\b|"
    r"\bwhat(?:'s| is| was| are| were) (?:in |on )?(?:my|our|it)\b|"
    r"\bhappen\w*|\bgoing on\b|\bprogress\b|\bnews\b|\bready\b|\bdone\b|\bcoming\b",
    re.IGNORECASE,
)

# A change is not made on a guess: tools nearer than this are asked about.
_MARGIN = 0.05
_LIKE_AN_EXAMPLE = 0.6
"""Cosine from which a request is put as an example in the tool's description is."""
_CODE = re.compile(r"\b(?=[\w-]*\d)[A-Z]+-?\d[\w-]*")


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool as bound: name, description and the JSON schema of its parameters."""

    name: str
    description: str
    parameters: Mapping[str, Any]

    @classmethod
    def from_openai(cls, schema: Mapping[str, Any]) -> Tool:
        """Read the form that `convert_to_openai_tool` writes."""
        function = schema["function"]
        return cls(
            str(function["name"]),
            str(function.get("description", "")),
            function.get("parameters") or {"type": "object", "properties": {}},
        )

    @property
    def reads(self) -> bool:
        """Whether its name speaks of looking something up, not of changing something."""
        first = content_stems(label(self.name)) or [stem(w) for w in tokens(label(self.name))]
        words = [stem(word) for word in tokens(label(self.name))]
        return words[0] in _READS or bool(first and first[-1] in _READS)


@dataclass(frozen=True, slots=True)
class Choice:
    """The tool that fits a request best.

    Attributes:
        tool: which.
        score: how well it fits; about 0 for unrelated, above 1 for a plain request.
        filled: its arguments.
        named: whether the message itself names the thing that a required argument identifies.
        general: whether the request asks about the rules rather than the caller's own case.
        own: whether it speaks of something of the caller's ("my order").
        looks: whether it asks for the state of a thing, or orders something to be done.
        features: what its relevance depends on; see `tool_relevance`.
        rival: another tool that fits as well, where the chosen one changes something.
    """

    tool: Tool
    score: float
    filled: Filled
    named: bool
    general: bool
    own: bool
    looks: bool = True
    features: tuple[float, ...] = ()
    rival: Tool | None = None

    @property
    def relevance(self) -> float:
        """Probability that the tool serves the request, where nothing but tools could."""
        return relevance(self.features)

    @property
    def relevance_in_domain(self) -> float:
        """The same for a request that is meant for the tool's domain."""
        return relevance_in_domain(self.features)


def choose(
    request: Question,
    tools: Sequence[Tool],
    encoder: CachedEncoder,
    *,
    facts: Mapping[str, str],
    earlier: Sequence[str] = (),
) -> Choice | None:
    """The tool that fits a request best, with a near rival if it changes something.

    Args:
        request: one clause of the message.
        tools: those bound; None comes back where there are none.
        encoder: sentence encoder.
        facts: what the application knows.
        earlier: messages that a follow-up may lean on, oldest first.
    """
    choices = rank(request, tools, encoder, facts=facts, earlier=earlier)
    if not choices:
        return None
    best = choices[0]
    near = [c for c in choices[1:] if best.score - c.score < _MARGIN]
    return replace(best, rival=near[0].tool) if near and not best.tool.reads else best


def rank(
    request: Question,
    tools: Sequence[Tool],
    encoder: CachedEncoder,
    *,
    facts: Mapping[str, str],
    earlier: Sequence[str] = (),
) -> list[Choice]:
    """Every tool with its score, best first; arguments as for `choose`."""
    if not tools:
        return []
    text = request.text
    resolved = resolve(text, request.background)
    meant = resolved if resolved != text else request.full
    names = [label(tool.name) for tool in tools]
    described = [f"{name}: {tool.description}" for name, tool in zip(names, tools, strict=True)]
    vectors = encoder.encode([meant, *described, *names])
    by_description = vectors[1 : 1 + len(tools)] @ vectors[0]
    by_name = vectors[1 + len(tools) :] @ vectors[0]
    by_example = _by_example(meant, tools, encoder)
    stems = [set(content_stems(name)) for name in names]
    shared = {word for words in stems for word in words if sum(word in s for s in stems) > 1}
    asked = set(content_stems(meant))
    orders = _ORDERS.search(text) is not None
    own = re.search(r"\bmy\b", text, re.IGNORECASE) is not None
    general = _GENERAL.search(text) is not None and not orders
    leaning = list(earlier) if request.background else []
    choices: list[Choice] = []
    for index, tool in enumerate(tools):
        # What changes something is asked for in so many words, not by a pronoun alone.
        said = resolved if tool.reads else text
        filled = fill(
            tool.parameters, said, facts=facts, earlier=leaning, encoder=encoder, tool=tool.name
        )
        required = set(tool.parameters.get("required", ()))
        named = bool(required & filled.identifying)
        own_words = stems[index] - shared - _READS
        nearest = max(float(by_description[index]), by_example[index])
        score = 0.5 * nearest + 0.5 * float(by_name[index])
        score += 0.5 * max(0.0, by_example[index] - _LIKE_AN_EXAMPLE)
        named_action = len(asked & own_words) / len(own_words) if own_words else 0.0
        score += 0.4 * named_action
        if not tool.reads and not named_action:
            score -= 0.15  # what changes something should have been asked for by its name
        if _LOOKS.search(text):
            score += 0.15 if tool.reads else -0.15 * (not named_action)
        score += 0.4 * (len(required & filled.exact) / len(required) if required else 0.0)
        score += 0.2 * max(len(required & filled.identifying) - 1, 0)
        score += 0.1 * len((filled.exact - required) & set(filled.args))
        score += 0.1 * len(asked & stems[index] & shared)
        score += 0.15 * (orders or (own and tool.reads))
        if not tool.reads and is_question(text) and not orders:
            score -= 0.25  # a question wants to be told something, not to have something changed
        if general and not named:
            score -= 0.4
        if not _OWN.search(text) and not named and not orders and is_question(text):
            score -= 0.1
        open_share = len(required & set(filled.missing)) / len(required) if required else 0.0
        row = relevance_row(
            float(by_description[index]),
            float(by_name[index]),
            named_action,
            asked,
            stems[index] | _described(tool),
            1 - open_share,
            len(required & filled.exact) / len(required) if required else 0.0,
            len(filled.args),
            asks=is_question(text),
            general=general,
            orders=orders,
        )
        looks = orders or not is_question(text)
        looks = looks or any(pattern.search(text) for pattern in (_LOOKS, _STATE))
        choices.append(Choice(tool, score, filled, named, general, own, looks, row))
    return sorted(choices, key=lambda choice: -choice.score)


def _by_example(text: str, tools: Sequence[Tool], encoder: CachedEncoder) -> list[float]:
    """Cosine with the nearest request that a description gives as an example; 0 without one."""
    given = [_examples(tool.description) for tool in tools]
    if not any(given):
        return [0.0] * len(tools)
    plain = _CODE.sub("", text)
    vectors = encoder.encode([plain, *(one for each in given for one in each)])
    cosines = iter((vectors[1:] @ vectors[0]).tolist())
    return [max((next(cosines) for _ in each), default=0.0) for each in given]


def _examples(description: str) -> list[str]:
    """Questions, and sentences after a colon: "Answers: Show me each stop. Where is it?"."""
    after = description.partition(": ")[2]
    sentences = split_prose(after) if after else []
    asked = [one for one in split_prose(description) if one.endswith("?")]
    return list(dict.fromkeys([*asked, *(one for one in sentences if is_request(one))]))


def _described(tool: Tool) -> set[str]:
    """Stems of a tool's description and of its arguments."""
    properties: Mapping[str, Any] = tool.parameters.get("properties", {})
    texts = [f"{label(name)} {each.get('description', '')}" for name, each in properties.items()]
    return set(content_stems(" ".join([tool.description, *texts])))
