"""Several answers as one text: every sentence of each, none of them twice."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mdsa.models.partial_answers import PartialAnswer
from mdsa.models.reader.sentences import leans, split_prose

__all__ = ["merge_answers"]

_VERBATIM = re.compile(r"^\s*(?:[-*+•|>#]|\(?\d{1,2}[.)])\s?|^(?: {4}|\t)")
_FENCED = re.compile(r"(^```.*?^```[ \t]*$)", re.DOTALL | re.MULTILINE)
_FEWEST_WORDS = 3
"""Words from which a sentence says of itself what it is about."""
_REPLIES = re.compile(r"^(?:yes|no)\b", re.IGNORECASE)
"""Opens an answer to any question."""


def merge_answers(answers: Sequence[PartialAnswer]) -> str:
    """Join the answers in their order; what was said before, word for word, is left out.

    Lists, tables and code stay whole: one line of them may well stand in two. A sentence that leans
    on the one before it ("It takes 5 days.") or replies to its question is left out with it only.
    """
    said: set[str] = set()
    blocks: dict[tuple[str, str], str] = {}
    for answer in answers:
        for block in _blocks(answer.text.strip("\n")):
            text = block if block.startswith("```") else _unsaid(block, said)
            if text.strip():
                question = answer.question if _needs_context(text) else ""
                blocks.setdefault((question, _key(text)), text)
    return "\n\n".join(blocks.values())


def _blocks(text: str) -> Iterator[str]:
    for part in _FENCED.split(text):
        if part.startswith("```"):
            yield part
        else:
            yield from (block.strip("\n") for block in re.split(r"\n\s*\n", part))


def _unsaid(block: str, said: set[str]) -> str:
    lines: list[str] = []
    dropped = False
    for line in block.splitlines():
        if _VERBATIM.match(line):
            lines.append(line.rstrip())
            dropped = False
            continue
        new: list[str] = []
        for sentence in split_prose(line):
            key = _key(sentence)
            own = len(key.split()) >= _FEWEST_WORDS and not _needs_context(sentence)
            dropped = key in said and (own or dropped)
            said.add(key)
            if not dropped:
                new.append(sentence)
        if new:
            lines.append(" ".join(new))
    return "\n".join(lines)


def _needs_context(sentence: str) -> bool:
    return leans(sentence) or _REPLIES.match(sentence) is not None


def _key(text: str) -> str:
    return " ".join(text.split()).casefold()
