"""Which passages an answer goes back to."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mdsa.models.passages import Passage
from mdsa.models.reader.words import content_stems

__all__ = ["cited_passages", "without_wrong_citations"]

_CITATION = re.compile(r"\s*\[(\d{1,2})\]")


def without_wrong_citations(text: str, passages: Sequence[Passage]) -> str:
    """The text without citations of passages that there are not."""
    known = {passage.id for passage in passages}
    return _CITATION.sub(lambda m: m.group() if int(m.group(1)) in known else "", text)


def cited_passages(text: str, passages: Sequence[Passage]) -> list[int]:
    """Ids of the passages that are cited; without a citation, of the one most like the text."""
    cited = list(dict.fromkeys(int(number) for number in _CITATION.findall(text)))
    if cited or not passages:
        return cited
    said = set(content_stems(text))
    shared = [(len(said & set(content_stems(each.text))), -each.id) for each in passages]
    best = max(shared)
    return [-best[1]] if best[0] else []
