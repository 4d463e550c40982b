"""The answer to a question from passages: verbatim sentences, or none."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mdsa.models.passages import Passage
from mdsa.models.reader.answer_types import AnswerType, holds
from mdsa.models.reader.answer_units import answer_units
from mdsa.models.reader.encoder import CachedEncoder
from mdsa.models.reader.features import Question
from mdsa.models.reader.fixed_terms import kind_term
from mdsa.models.reader.scoring import probabilities
from mdsa.models.reader.sentences import Sentence, leans, split_passage

__all__ = ["Extract", "extract"]

_TYPED_SHARE = 0.3
_TINY = 1e-9
_LONGEST_PROSE = 500
"""Characters; a list may be longer."""

# How far behind the best sentence, in log-odds, another is still shown with it. Chosen on
# evals/data/reader_dev.json.
_BEHIND_BESIDE = 3.5
_BEHIND_CONTINUED = 6.0
_BEHIND_SAME_PASSAGE = 2.0
_BEHIND_ELSEWHERE = 1.0
# Of 227 questions that a row answers, of the organisations to fit and to choose by, 0.75 are right
# rather than 0.67; tables show 1.5 rows on average.
_BEHIND_IN_TABLE = 1.0
_UNFIT = -2.0


@dataclass(frozen=True, slots=True)
class Extract:
    """What the passages say to one question.

    Attributes:
        confidence: probability that the best sentence answers, in [0, 1].
        sentences: verbatim, in the order of their passages; none where none is good enough.
    """

    confidence: float
    sentences: tuple[Sentence, ...] = ()

    @property
    def text(self) -> str:
        """The sentences as they are shown; empty for none."""
        return _join(self.sentences)

    @property
    def passages(self) -> tuple[int, ...]:
        """Ids of the passages used, each once."""
        used = [number for s in self.sentences for number in (s.passage, s.ends_in) if number]
        return tuple(dict.fromkeys(used))

    def without(self, said: Collection[str]) -> Extract:
        """The same, less the sentences whose text was said before; rows keep their header."""
        new = [s for s in self.sentences if s.text not in said]
        tabled = any(s.kind == "row" for s in new)
        return replace(
            self,
            sentences=tuple(
                s for s in self.sentences if s in new or (tabled and s.kind == "header")
            ),
        )


def extract(
    question: Question,
    passages: Sequence[Passage],
    encoder: CachedEncoder,
    *,
    threshold: float,
    max_sentences: int,
) -> Extract:
    """Find the sentences that answer.

    Args:
        question: what is asked.
        passages: where to look, best first.
        encoder: sentence encoder.
        threshold: probability below which the best sentence is no answer.
        max_sentences: most sentences of prose in an answer; a list or a table counts as one.
    """
    sentences = [sentence for passage in passages for sentence in split_passage(passage)]
    if not sentences:
        return Extract(0.0)
    titles = {passage.id: passage.title for passage in passages}
    candidates = answer_units(sentences, titles)
    if not candidates:
        return Extract(0.0)
    scores = probabilities(question, candidates, titles, encoder)
    order = sorted(range(len(candidates)), key=lambda index: -scores[index])
    confidence = float(scores[order[0]])
    if confidence < threshold:
        return Extract(confidence)
    # Rather one that holds the kind of thing asked for, if it is nearly as good.
    kind = question.answer_type
    best = next(
        (
            index
            for index in order
            if scores[index] >= max(threshold, _TYPED_SHARE * confidence)
            and holds(kind, candidates[index].text, question.text)
        ),
        order[0],
    )
    odds = np.log(np.maximum(scores, _TINY)) - np.log(np.maximum(1 - scores, _TINY))
    units = [*candidates, *(each for each in sentences if each.kind == "header")]
    chosen = _companions(candidates[best], units, question)
    for index in order:
        behind = float(odds[best] - odds[index])
        if not _belongs(candidates[index], candidates[best], chosen, behind, kind):
            continue
        if kind_term(question, candidates[index]) < _UNFIT:
            continue  # a telephone number that nobody asked for
        longer = _without_repeats([*chosen, *_companions(candidates[index], units, question)])
        if _count(longer) <= max_sentences and sum(len(s.text) for s in longer) <= _LONGEST_PROSE:
            chosen = longer
    if _count(chosen) > max_sentences:
        chosen = chosen[: max(max_sentences, 1)]
    chosen = _without_repeats(chosen)
    ranks = {passage.id: rank for rank, passage in enumerate(passages)}
    chosen.sort(key=lambda s: (s.passage != candidates[best].passage, ranks[s.passage], s.position))
    return Extract(confidence, tuple(chosen))


def _companions(
    sentence: Sentence, units: Sequence[Sentence], question: Question
) -> list[Sentence]:
    """The sentence with what it needs: the one it leans on, its list, or its table's header."""
    block = [s for s in units if (s.passage, s.block) == (sentence.passage, sentence.block)]
    if sentence.kind == "row":
        header = min(block, key=lambda s: s.position)
        return [header, sentence] if header != sentence else [sentence]
    steps = question.answer_type is AnswerType.STEPS and sentence.numbered
    if sentence.kind == "lead" or (sentence.kind == "item" and steps):
        own = [s for s in block if s.kind == "list"]
        others = [s for s in units if s.kind == "list" and s.text.startswith(sentence.text)]
        return [*own, *others][:1] or [sentence]
    if sentence.kind == "prose" and leans(sentence.text):
        before = [s for s in block if s.position == sentence.position - 1 and s.kind == "prose"]
        return [sentence, *before]
    return [sentence]


def _belongs(
    other: Sentence, best: Sentence, chosen: Sequence[Sentence], behind: float, kind: AnswerType
) -> bool:
    """Whether a further sentence is so nearly as good that it is shown too."""
    if other.kind == best.kind == "row" and other not in chosen:
        same_table = (other.passage, other.block) == (best.passage, best.block)
        return same_table and behind <= _BEHIND_IN_TABLE
    if other in chosen or {"list", "row", "lead"} & {other.kind, *(s.kind for s in chosen)}:
        return False
    if other.passage != best.passage:
        # Steps of one passage and of another lead to two ends.
        return kind is not AnswerType.STEPS and behind <= _BEHIND_ELSEWHERE
    after = other.position - best.position if other.block == best.block else 0
    if after == 1 and leans(other.text):
        return behind <= _BEHIND_CONTINUED
    return behind <= (_BEHIND_BESIDE if abs(after) == 1 else _BEHIND_SAME_PASSAGE)


def _count(chosen: Sequence[Sentence]) -> int:
    """Sentences, the rows of a table counted as one."""
    tabled = [sentence.in_table for sentence in chosen]
    return tabled.count(False) + any(tabled)


def _without_repeats(chosen: Sequence[Sentence]) -> list[Sentence]:
    """Overlapping passages hold the same sentence twice, and a list holds its items."""
    kept: list[Sentence] = []
    for sentence in chosen:
        if not any(sentence.text in other.text for other in kept):
            kept = [other for other in kept if other.text not in sentence.text] + [sentence]
    return kept


def _join(chosen: Sequence[Sentence]) -> str:
    parts: list[str] = []
    for before, sentence in zip([None, *chosen], chosen, strict=False):
        if before is not None:
            inline = before.kind == sentence.kind == "prose"
            parts.append(" " if inline else "\n")
        parts.append(sentence.text)
        if sentence.in_table and (before is None or before.block != sentence.block):
            parts.append("\n|" + "---|" * (sentence.text.count("|") - 1))
    return "".join(parts)
