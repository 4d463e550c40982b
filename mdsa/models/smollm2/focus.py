"""Cuts passages down to the sentences near a question: a small model reads slowly.

On one thread of a CPU, five passages of 150 words take four seconds to read; a third of them
answers as well, as long as the third is the right one.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

from mdsa.models.passages import Passage
from mdsa.models.reader.words import content_stems

__all__ = ["focus_passages"]

_SENTENCE = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[A-Z0-9-])|\n+")
_LONGEST = 400
_NEIGHBOUR = 0.35
_OPENING = 0.1


def focus_passages(passages: Sequence[Passage], question: str, budget: int) -> list[Passage]:
    """Keep the sentences that share rare words with the question, and their neighbours.

    Args:
        passages: in their order; ids and titles stay.
        question: what is asked.
        budget: most characters of all texts together; passages within it stay as they are.

    Returns:
        The passages, without those of which nothing is left.
    """
    if sum(len(passage.text) for passage in passages) <= budget:
        return list(passages)
    parts = [_sentences(passage.text) for passage in passages]
    stems = [[set(content_stems(text)) for text in sentences] for sentences in parts]
    counts = Counter(stem for sentences in stems for found in sentences for stem in found)
    total = sum(len(sentences) for sentences in stems)
    asked = set(content_stems(question))
    ranked = []
    for number, (passage, sentences) in enumerate(zip(passages, stems, strict=True)):
        titled = asked & set(content_stems(passage.title))
        scores = [
            sum(math.log(1 + total / counts[stem]) for stem in found & asked) for found in sentences
        ]
        title_score = 0.3 * sum(math.log(1 + total / (counts[stem] + 1)) for stem in titled)
        for place, score in enumerate(scores):
            near = max(scores[max(place - 1, 0) : place] + scores[place + 1 : place + 2], default=0)
            opening = _OPENING if place == 0 else 0.0
            rank = score + _NEIGHBOUR * near + opening + title_score
            ranked.append((-rank, number, place))
    kept: set[tuple[int, int]] = set()
    room = budget
    for _, number, place in sorted(ranked):
        length = len(parts[number][place]) + 1
        if length <= room:
            kept.add((number, place))
            room -= length
    return [
        Passage(passage.id, passage.title, text)
        for number, passage in enumerate(passages)
        if (text := " ".join(s for p, s in enumerate(parts[number]) if (number, p) in kept))
    ]


def _sentences(text: str) -> list[str]:
    found: list[str] = []
    for sentence in _SENTENCE.split(text):
        rest = " ".join(sentence.split())
        while len(rest) > _LONGEST:
            cut = rest.rfind(" ", 0, _LONGEST) + 1 or _LONGEST
            found.append(rest[:cut].strip())
            rest = rest[cut:]
        if rest:
            found.append(rest)
    return found
