"""The answer to a question from passages: verbatim sentences, or none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mdsa.models.passages import Passage
from mdsa.models.reader.answer_types import AnswerType, holds
from mdsa.models.reader.scoring import CachedEncoder, Question, probabilities
from mdsa.models.reader.sentences import Sentence, split_passage, whole_lists
from mdsa.models.reader.words import distinctive_terms

__all__ = ["Extract", "extract"]

# Opens with a word that means something only after the sentence before it.
_LEANS = re.compile(
    r"^(?:this|that|these|those|it|its|they|their|he|she|his|her|such|however|but|otherwise|instead|"
    r"in that case|if so|if not|then|also|both|the former|the latter)\b",
    re.IGNORECASE,
)

_TYPED_SHARE = 0.3
_SURE = 0.3
_UNSURE_SHARE = 0.35


@dataclass(frozen=True, slots=True)
class Extract:
    """What the passages say to one question.

    Attributes:
        text: verbatim sentences in the order of their passages; empty where none is good enough.
        confidence: probability that the best sentence answers, in [0, 1].
        passages: ids of the passages used, each once.
    """

    text: str
    confidence: float
    passages: tuple[int, ...] = ()


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
        max_sentences: most sentences of prose in an answer; a list counts as one.
    """
    sentences = [sentence for passage in passages for sentence in split_passage(passage)]
    if not sentences:
        return Extract("", 0.0)
    candidates = [*sentences, *whole_lists(sentences)]
    titles = {passage.id: passage.title for passage in passages}
    scores = probabilities(question, candidates, titles, encoder)
    order = sorted(range(len(candidates)), key=lambda index: -scores[index])
    confidence = float(scores[order[0]])
    if confidence < threshold:
        return Extract("", confidence)
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
    chosen = _companions(candidates[best], sentences)
    for index in order:
        if index == best:
            continue
        if len(chosen) >= max_sentences or scores[index] < threshold * _UNSURE_SHARE:
            break
        other = candidates[index]
        if _belongs(
            other,
            candidates[best],
            question,
            float(scores[index] / scores[best]),
            sure=confidence >= _SURE,
        ):
            chosen += [s for s in _companions(other, sentences) if s not in chosen]
    chosen = _without_repeats(chosen[: max(max_sentences, 1)])
    ranks = {passage.id: rank for rank, passage in enumerate(passages)}
    chosen.sort(key=lambda s: (s.passage != candidates[best].passage, ranks[s.passage], s.position))
    return Extract(_join(chosen), confidence, tuple(dict.fromkeys(s.passage for s in chosen)))


def _companions(sentence: Sentence, sentences: Sequence[Sentence]) -> list[Sentence]:
    """The sentence with what it needs: the one it leans on, its list, or its table's header."""
    if sentence.kind == "row":
        header = next(
            s for s in sentences if (s.passage, s.block) == (sentence.passage, sentence.block)
        )
        return [header, sentence] if header != sentence else [sentence]
    if sentence.kind == "lead":
        for whole in whole_lists(sentences):
            if (whole.passage, whole.block) == (sentence.passage, sentence.block):
                return [whole]
    if sentence.kind == "prose" and _LEANS.match(sentence.text):
        for before in sentences:
            if (
                before.passage == sentence.passage
                and before.block == sentence.block
                and before.position == sentence.position - 1
            ):
                return [sentence, before]
    return [sentence]


def _belongs(
    other: Sentence, best: Sentence, question: Question, ratio: float, *, sure: bool
) -> bool:
    """Whether a further sentence is part of the answer, not merely like it."""
    names = distinctive_terms(question.full)
    if {"list", "row"} & {other.kind, best.kind} or not names <= distinctive_terms(other.text):
        return False
    follows = (
        other.passage == best.passage
        and other.block == best.block
        and other.position == best.position + 1
    )
    several = question.answer_type in (AnswerType.STEPS, AnswerType.REASON, AnswerType.OTHER)
    if not sure:  # rather show a little more than leave the answer one sentence away
        return ratio >= _UNSURE_SHARE
    return ratio >= (0.5 if follows or several else 0.7)


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
        if sentence.kind == "row" and (before is None or before.block != sentence.block):
            parts.append("\n|" + "---|" * (sentence.text.count("|") - 1))
    return "".join(parts)
