"""What is measured of each sentence against a question."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mdsa.models.reader.answer_types import AnswerType, expected_type, holds
from mdsa.models.reader.encoder import CachedEncoder
from mdsa.models.reader.late_interaction import late_interaction, question_words
from mdsa.models.reader.sentences import Sentence, in_context
from mdsa.models.reader.words import content_stems, distinctive_terms

__all__ = ["FEATURES", "Question", "features"]

FEATURES = (
    "meaning",
    "meaning_in_passage",
    "meaning_above_mean",
    "meaning_below_best",
    "meaning_of_passage",
    "word_recall",
    "word_recall_near",
    "word_recall_passage",
    "name_recall",
    "name_recall_passage",
    "name_unknown",
    "right_type",
    "lacks_quantity",
    "lacks_type",
    "adjacent_words",
    "first_passages",
    "short",
    "numbered_list",
    "other_list",
    "numbered_item",
    "other_item",
    "untitled",
    "untitled_word_recall",
    "untitled_word_recall_near",
    "meaning_before",
    "meaning_after",
    "meaning_with_before",
    "recall_before",
    "recall_after",
    "names_near_without_passage",
)
"""Names of the columns of `features`, in order; `LATE_FEATURES` follow where the encoder tells what
tokens mean."""

_OPENER = re.compile(
    r"^\W*(?:(?:and|but|or|so|ok|okay|then|what|how)\W+)*(?:about\b)?", re.IGNORECASE
)
_SENTENCE = re.compile(
    r"\b(?:how|what|when|where|who|whom|whose|why|which|is|are|was|were|do|does|did|can|could|will|"
    r"would|should|may|must|has|have|am|i|it|they|he|she|that|this|one)\b",
    re.IGNORECASE,
)
_LONGEST_FRAGMENT = 2

_QUANTITIES = frozenset(
    {
        AnswerType.COUNT,
        AnswerType.MONEY,
        AnswerType.PERCENT,
        AnswerType.DURATION,
        AnswerType.TIME,
    }
)


@dataclass(frozen=True, slots=True)
class Question:
    """A question as the scorer sees it.

    Attributes:
        text: the question itself.
        background: earlier question that it follows, or empty.
    """

    text: str
    background: str = ""

    @property
    def full(self) -> str:
        """The question with what it follows, for the encoder."""
        return f"{self.background} {self.text}".strip()

    @property
    def new_subject(self) -> frozenset[str]:
        """Stems of a fragment that gives an earlier question another subject; else empty."""
        if not self.background or _SENTENCE.search(_OPENER.sub("", self.text)):
            return frozenset()
        stems = content_stems(self.text)
        return frozenset(stems) if len(stems) <= _LONGEST_FRAGMENT else frozenset()

    @property
    def answer_type(self) -> AnswerType:
        """Expected kind of answer; a fragment ("the blue one?") takes that of its background."""
        own = expected_type(self.text)
        if own is AnswerType.OTHER and self.background:
            return expected_type(self.background)
        return own


def features(
    question: Question,
    sentences: Sequence[Sentence],
    titles: dict[int, str],
    encoder: CachedEncoder,
) -> NDArray[np.float64]:
    """One row a sentence, one column for each of `FEATURES` and, maybe, `LATE_FEATURES`.

    Args:
        question: what is asked.
        sentences: candidates, in the order of their passages.
        titles: title of each passage by its id.
        encoder: sentence encoder.
    """
    texts = [in_context(each, titles.get(each.passage, "")) for each in sentences]
    tokens = encoder.encode_tokens([question.full, *texts])
    if tokens is None:
        vectors = encoder.encode([question.full, *texts])
    else:
        vectors = np.stack([each.text for each in tokens])
    meaning = (vectors[1:] @ vectors[0]).astype(np.float64)
    passages = np.array([sentence.passage for sentence in sentences])
    by_passage = {int(number): float(meaning[passages == number].max()) for number in set(passages)}
    averages = {number: float(meaning[passages == number].mean()) for number in by_passage}

    stems = [content_stems(sentence.text) for sentence in sentences]
    own = [
        set(words).union(content_stems(sentence.context))
        for words, sentence in zip(stems, sentences, strict=True)
    ]
    near = [
        own[index].union(
            content_stems(titles.get(sentence.passage, "")), _before(sentences, stems, index)
        )
        for index, sentence in enumerate(sentences)
    ]
    whole = {
        number: set[str]().union(*(near[i] for i in np.flatnonzero(passages == number)))
        for number in by_passage
    }
    whole = _by_document(whole, titles)
    everywhere = set[str]().union(*whole.values())
    weight = _inverse_frequency(own)
    wanted = _weighted_words(question, weight)
    names = distinctive_terms(question.text) | distinctive_terms(question.background)
    name_unknown = float(bool(names - everywhere))
    kind = question.answer_type
    typed = kind not in (AnswerType.OTHER, AnswerType.YES_NO)
    ranks = {number: rank for rank, number in enumerate(dict.fromkeys(passages.tolist()))}

    rows = []
    for index, sentence in enumerate(sentences):
        right = holds(kind, sentence.text, question.text)
        recall = _recall(wanted, own[index])
        recall_near = _recall(wanted, near[index])
        # Texts without titles are on other scales: meaning is measured under the title, too.
        untitled = float(not titles.get(sentence.passage))
        before, after = index - 1, index + 1
        has_before = before >= 0 and sentences[before].passage == sentence.passage
        has_after = after < len(sentences) and sentences[after].passage == sentence.passage
        floor = averages[sentence.passage]
        rows.append(
            (
                meaning[index],
                by_passage[sentence.passage],
                meaning[index] - float(meaning.mean()),
                meaning[index] - float(meaning.max()),
                averages[sentence.passage],
                recall,
                recall_near,
                _recall(wanted, whole[sentence.passage]),
                _share(names, near[index]),
                _share(names, whole[sentence.passage]),
                name_unknown,
                float(typed and right),
                float(typed and not right and kind in _QUANTITIES),
                float(typed and not right and kind not in _QUANTITIES),
                _adjacent(content_stems(question.text), stems[index]),
                1 / (1 + ranks[sentence.passage]),
                1 / (1 + len(stems[index])),
                float(sentence.kind == "list" and sentence.numbered),
                float(sentence.kind == "list" and not sentence.numbered),
                float(sentence.kind == "item" and sentence.numbered),
                float(sentence.kind == "item" and not sentence.numbered),
                untitled,
                untitled * recall,
                untitled * recall_near,
                float(meaning[before]) if has_before else floor,
                float(meaning[after]) if has_after else floor,
                _together(vectors, index) if has_before else float(meaning[index]),
                _recall(wanted, own[before]) if has_before else 0.0,
                _recall(wanted, own[after]) if has_after else 0.0,
                float(bool(names) and not names & whole[sentence.passage]),
            )
        )
    table = np.array(rows, dtype=np.float64)
    if tokens is None:
        return table
    words = question_words(question.full, tokens[0].spans)
    found = [
        here.union(content_stems(titles.get(sentence.passage, "")))
        for here, sentence in zip(own, sentences, strict=True)
    ]
    late = late_interaction(words, tokens[0], tokens[1:], wanted, found, passages.tolist())
    return np.hstack([table, late])


def _by_document(words: dict[int, set[str]], titles: dict[int, str]) -> dict[int, set[str]]:
    """Words of all passages under a title: a document may be cut where it names its subject."""
    shared: dict[str, set[str]] = {}
    for number, own in words.items():
        shared.setdefault(titles.get(number, ""), set()).update(own)
    return {
        number: shared[titles[number]] if titles.get(number) else own
        for number, own in words.items()
    }


def _together(vectors: NDArray[np.float32], index: int) -> float:
    """Cosine of the question with a sentence and the one before it, as one text."""
    both = vectors[index] + vectors[index + 1]  # the first row is the question's
    return float(both @ vectors[0] / max(float(np.linalg.norm(both)), 1e-9))


def _before(sentences: Sequence[Sentence], stems: Sequence[list[str]], index: int) -> list[str]:
    """Words of the sentence before, in the same passage: what a pronoun would refer to."""
    if index and sentences[index - 1].passage == sentences[index].passage:
        return stems[index - 1]
    return []


def _inverse_frequency(stems: Sequence[set[str]]) -> dict[str, float]:
    counts = Counter(word for words in stems for word in words)
    return {word: math.log((len(stems) + 1) / (n + 0.5)) for word, n in counts.items()}


def _weighted_words(question: Question, weight: dict[str, float]) -> dict[str, float]:
    rarest = max(weight.values(), default=1.0)
    wanted = {word: weight.get(word, rarest) * 0.5 for word in content_stems(question.background)}
    wanted.update({word: weight.get(word, rarest) for word in content_stems(question.text)})
    return wanted


def _recall(wanted: dict[str, float], found: set[str]) -> float:
    total = sum(wanted.values())
    return sum(weight for word, weight in wanted.items() if word in found) / total if total else 0.0


def _share(names: set[str], found: set[str]) -> float:
    return len(names & found) / len(names) if names else 1.0


def _adjacent(question: list[str], sentence: list[str]) -> float:
    """Share of the question's neighbouring content words that stand near each other here."""
    pairs = list(pairwise(question))
    places: dict[str, list[int]] = {}
    for place, word in enumerate(sentence):
        places.setdefault(word, []).append(place)
    close = sum(
        any(abs(i - j) <= 2 for i in places.get(a, []) for j in places.get(b, [])) for a, b in pairs
    )
    return close / len(pairs) if pairs else 0.0
