"""Whether a wording says what its evidence says, no more and no less."""

from __future__ import annotations

import re

from mdsa.models.grounding import find_inventions
from mdsa.models.reader.answer_types import holds
from mdsa.models.reader.words import content_stems
from mdsa.models.smollm2.evidence import Evidence

__all__ = ["flaw_of"]

_NEGATION = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot|hardly|except|unless)\b|n't\b",
    re.IGNORECASE,
)
_CITATION = re.compile(r"\s*\[(\d{1,2})\]")
_FOREIGN = 0.15
"""Share of the words with a meaning that may stand neither in evidence nor question."""


def flaw_of(text: str, evidence: Evidence) -> str:
    """What is wrong with a wording; empty where nothing is.

    Args:
        text: one or two sentences with citations.
        evidence: all that it may draw on.
    """
    sentences = evidence.found.sentences
    asked = evidence.question.full
    sources = [asked, *(sentence.text for sentence in sentences)]
    sources += [evidence.titles.get(sentence.passage, "") for sentence in sentences]
    if invented := find_inventions(text, sources):
        return f"stands in no source: {', '.join(invented)}"
    bare = _CITATION.sub("", text)
    said = content_stems(bare)
    known = {stem for source in sources for stem in content_stems(source)}
    foreign = [stem for stem in said if stem not in known]
    if len(foreign) > _FOREIGN * len(said):
        return f"words of its own: {', '.join(foreign)}"
    if not set(said) - set(content_stems(asked)):
        return "it repeats the question"
    kind = evidence.question.answer_type
    whole = " ".join(sentence.text for sentence in sentences)
    if holds(kind, whole, asked) and not holds(kind, bare, asked):
        return f"it lacks the {kind.value} that is asked for"
    cited = {int(number) for number in _CITATION.findall(text)}
    used = [s.text for s in sentences if s.passage in cited] or [s.text for s in sentences]
    negated = [_NEGATION.search(source) is not None for source in used]
    if _NEGATION.search(bare):
        return "" if any(negated) else "it denies what the source says"
    return "it leaves out a negation" if all(negated) else ""
