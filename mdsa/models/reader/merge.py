"""Several answers as one text: every sentence of each, none of them twice."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mdsa.models.partial_answers import PartialAnswer
from mdsa.models.reader.sentences import split_prose

__all__ = ["merge_answers"]

_LISTED = re.compile(r"^\s*(?:[-*+•|]|\(?\d{1,2}[.)])\s?")


def merge_answers(answers: Sequence[PartialAnswer]) -> str:
    """Join the answers in their order; what was said before, word for word, is left out.

    Lists and tables stay whole: one line of them may well stand in two.
    """
    sentences: set[str] = set()
    blocks: dict[str, str] = {}
    for answer in answers:
        for block in re.split(r"\n\s*\n", answer.text.strip()):
            lines = [new for line in block.splitlines() if (new := _unsaid(line, sentences))]
            if lines:
                text = "\n".join(lines)
                blocks.setdefault(_key(text), text)
    return "\n\n".join(blocks.values())


def _unsaid(line: str, said: set[str]) -> str:
    if _LISTED.match(line):
        return line.rstrip()
    new = [sentence for sentence in split_prose(line) if _key(sentence) not in said]
    said.update(_key(sentence) for sentence in new)
    return " ".join(new)


def _key(text: str) -> str:
    return " ".join(text.split()).casefold()
