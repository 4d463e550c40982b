"""How well each sentence answers a question: meaning, words, names and the kind of answer."""

from __future__ import annotations

import math
import threading
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray

from mdsa.models.reader.answer_types import AnswerType, expected_type, holds
from mdsa.models.reader.sentences import Sentence
from mdsa.models.reader.words import (
    content_stems,
    distinctive_terms,
    is_attribute,
    stem,
    tokens,
)

__all__ = ["FEATURES", "CachedEncoder", "Question", "features", "probabilities"]

FEATURES = (
    "meaning",
    "meaning_in_passage",
    "meaning_above_mean",
    "word_recall",
    "word_recall_near",
    "word_recall_passage",
    "name_recall",
    "name_recall_passage",
    "name_unknown",
    "words_unknown",
    "right_type",
    "lacks_quantity",
    "lacks_type",
    "adjacent_words",
    "first_passages",
    "short",
)
"""Names of the columns of `features`, in order."""

# Fitted by `python -m mdsa.evals.reader_fit` on half of XQuAD-en; see its docstring.
_INTERCEPT = -9.78
_WEIGHTS = np.array(
    [
        4.05,  # meaning
        0.17,  # meaning_in_passage
        6.2,  # meaning_above_mean
        4.78,  # word_recall
        2.94,  # word_recall_near
        -1.84,  # word_recall_passage
        -1.23,  # name_recall
        1.82,  # name_recall_passage
        -1.51,  # name_unknown
        2.42,  # words_unknown
        0.11,  # right_type
        -1.11,  # lacks_quantity
        -0.9,  # lacks_type
        0.46,  # adjacent_words
        0.94,  # first_passages
        -4.41,  # short
    ]
)

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
    def answer_type(self) -> AnswerType:
        """Expected kind of answer; a fragment ("the blue one?") takes that of its background."""
        own = expected_type(self.text)
        if own is AnswerType.OTHER and self.background:
            return expected_type(self.background)
        return own


class CachedEncoder:
    """An encoder with unit rows that remembers the last texts: passages come back turn after turn.

    Thread-safe.
    """

    def __init__(self, embeddings: Embeddings, size: int = 4096) -> None:
        self._embeddings = embeddings
        self._size = size
        self._rows: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors of the texts, shape (len(texts), dimension)."""
        with self._lock:
            known = {text: self._rows[text] for text in texts if text in self._rows}
            for text in known:
                self._rows.move_to_end(text)
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            rows = np.asarray(self._embeddings.embed_documents(missing), dtype=np.float32)
            rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
            known.update(zip(missing, rows, strict=True))
            with self._lock:
                self._rows.update({text: known[text] for text in missing})
                while len(self._rows) > self._size:
                    self._rows.popitem(last=False)
        return np.stack([known[text] for text in texts])


def features(
    question: Question,
    sentences: Sequence[Sentence],
    titles: dict[int, str],
    encoder: CachedEncoder,
) -> NDArray[np.float64]:
    """One row a sentence, one column for each of `FEATURES`.

    Args:
        question: what is asked.
        sentences: candidates, in the order of their passages.
        titles: title of each passage by its id.
        encoder: sentence encoder.
    """
    # Under its title and heading a sentence means more: "It takes 5 days" alone is about nothing.
    texts = [
        ": ".join(part for part in (titles.get(s.passage, ""), s.context, s.text) if part)
        for s in sentences
    ]
    vectors = encoder.encode([question.full, *texts])
    meaning = (vectors[1:] @ vectors[0]).astype(np.float64)
    passages = np.array([sentence.passage for sentence in sentences])
    by_passage = {int(number): float(meaning[passages == number].max()) for number in set(passages)}

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
    everywhere = set[str]().union(*whole.values())
    weight = _inverse_frequency(own)
    wanted = _weighted_words(question, weight)
    names = distinctive_terms(question.text) | distinctive_terms(question.background)
    name_unknown = float(bool(names - everywhere))
    words_unknown = _recall(wanted, set(wanted) - everywhere)
    kind = question.answer_type
    typed = kind not in (AnswerType.OTHER, AnswerType.YES_NO)
    ranks = {number: rank for rank, number in enumerate(dict.fromkeys(passages.tolist()))}

    rows = []
    for index, sentence in enumerate(sentences):
        right = holds(kind, sentence.text, question.text)
        rows.append(
            (
                meaning[index],
                by_passage[sentence.passage],
                meaning[index] - float(meaning.mean()),
                _recall(wanted, own[index]),
                _recall(wanted, near[index]),
                _recall(wanted, whole[sentence.passage]),
                _share(names, near[index]),
                _share(names, whole[sentence.passage]),
                name_unknown,
                words_unknown,
                float(typed and right),
                float(typed and not right and kind in _QUANTITIES),
                float(typed and not right and kind not in _QUANTITIES),
                _adjacent(content_stems(question.text), stems[index]),
                1 / (1 + ranks[sentence.passage]),
                1 / (1 + len(stems[index])),
            )
        )
    return np.array(rows, dtype=np.float64)


def probabilities(
    question: Question,
    sentences: Sequence[Sentence],
    titles: dict[int, str],
    encoder: CachedEncoder,
) -> NDArray[np.float64]:
    """Probability that each sentence answers: the fitted model, then what its data did not hold.

    XQuAD has no numbered steps, telephone numbers, nor products in several colours. `_adjustment`
    adds constants in log-odds for those, set by hand.
    """
    logits = features(question, sentences, titles, encoder) @ _WEIGHTS + _INTERCEPT
    everything = set(
        content_stems(" ".join([s.text + " " + s.context for s in sentences] + [*titles.values()]))
    )
    extra = [_adjustment(question, sentence, everything) for sentence in sentences]
    return np.asarray(1 / (1 + np.exp(-(logits + np.array(extra)))))


def _adjustment(question: Question, sentence: Sentence, everything: set[str]) -> float:
    kind = question.answer_type
    extra = 0.0
    if kind is AnswerType.STEPS:
        if sentence.kind == "list":
            extra += 2.0 if sentence.numbered else 1.0
        elif sentence.kind in ("item", "lead"):
            extra -= 2.0  # the whole list is a candidate of its own
    if kind in (AnswerType.PHONE, AnswerType.EMAIL):
        # A telephone number is seldom there unless it is the one asked for.
        extra += 3.5 if holds(kind, sentence.text, question.text) else -3.0
    asked = _attributes(question.text)
    there = _attributes(f"{sentence.context} {sentence.text}")
    another = bool(asked) and bool(there) and not asked & there
    return extra - 3.0 * (another or bool(asked - everything))


def _attributes(text: str) -> set[str]:
    return {stem(word) for word in tokens(text) if is_attribute(word)}


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
