"""Terms of the score set by hand, in log-odds: what too few questions show to be fitted."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mdsa.models.reader.answer_types import AnswerType, holds
from mdsa.models.reader.features import Question
from mdsa.models.reader.sentences import Sentence
from mdsa.models.reader.words import codes, content_stems, is_attribute, stem, tokens

__all__ = ["fixed_terms", "kind_term"]

_ACTION = re.compile(
    r"\b(?:how (?:do|can|could|should|would|to|must|might)|"
    r"(?:steps|instructions|procedure) (?:to|for)|(?:want|need|try|trying|like) to)\s+"
    r"(?:i\s+|we\s+|you\s+|one\s+|go about\s+)?(\w+(?:\s+\w+)?)",
    re.IGNORECASE,
)
_WANTS_CONTACT = re.compile(
    r"\b(?:call|phone|ring|telephone|contact|reach|e-?mail|mail|write|speak|talk|chat|number|address|"
    r"report|tell|ask|turn to|get hold|get in touch)\b",
    re.IGNORECASE,
)
_SEVERAL = frozenset({AnswerType.OTHER, AnswerType.CONTACT})


def fixed_terms(
    question: Question, sentences: Sequence[Sentence], titles: dict[int, str]
) -> NDArray[np.float64]:
    """One number a sentence, to be added to its log-odds.

    Args:
        question: what is asked.
        sentences: candidates.
        titles: title of each passage by its id.
    """
    above = [f"{titles.get(s.passage, '')} {s.context}" for s in sentences]
    terms = np.array([kind_term(question, sentence) for sentence in sentences])
    terms += _attribute_terms(question, sentences, above)
    terms += _code_terms(question, sentences, above)
    terms += _action_terms(question, sentences, above)
    terms += _subject_terms(question, sentences, above)
    return terms


def kind_term(question: Question, sentence: Sentence) -> float:
    """For sentences of the form that the question asks for: steps, a number to call."""
    kind = question.answer_type
    term = 0.0
    if kind is AnswerType.STEPS:
        if sentence.kind == "list":
            term += 2.0 if sentence.numbered else 1.0
        elif sentence.kind in ("item", "lead"):
            term -= 4.5  # the whole list is a candidate of its own
    elif kind not in _SEVERAL and sentence.kind in ("list", "lead"):
        term -= 2.0  # one of its items may answer; together they only hold more words
    if sentence.headless:
        term -= 9.0  # a list from its middle on is worse than none
    if kind in (AnswerType.PHONE, AnswerType.EMAIL):
        # A telephone number is seldom there unless it is the one asked for.
        term += 3.5 if holds(kind, sentence.text, question.text) else -3.0
    elif kind is not AnswerType.CONTACT and not _WANTS_CONTACT.search(question.full):
        reached = (AnswerType.PHONE, AnswerType.EMAIL)
        term -= 5.5 * any(holds(way, sentence.text, "") for way in reached)
    return term


def _attribute_terms(
    question: Question, sentences: Sequence[Sentence], above: Sequence[str]
) -> NDArray[np.float64]:
    """Against a sentence about another colour, size or weekday than the one asked for."""
    asked = _attributes(question.text)
    if not asked:
        return np.zeros(len(sentences))
    everything = set(content_stems(" ".join([*(s.text for s in sentences), *above])))
    unknown = bool(asked - everything)
    there = [_attributes(f"{s.context} {s.text}") for s in sentences]
    return np.array([-8.0 * (unknown or (bool(found) and not asked & found)) for found in there])


def _attributes(text: str) -> set[str]:
    return {stem(word) for word in tokens(text) if is_attribute(word)}


def _code_terms(
    question: Question, sentences: Sequence[Sentence], above: Sequence[str]
) -> NDArray[np.float64]:
    """For sentences that name the code asked about, and against those that name another."""
    asked = codes(question.text) or codes(question.background)
    if not asked:
        return np.zeros(len(sentences))
    own = [codes(s.text) for s in sentences]
    named = [bool(asked & (found | codes(text))) for found, text in zip(own, above, strict=True)]
    shapes = {_shape(code) for code in asked}
    terms = []
    for found, right in zip(own, named, strict=True):
        other = not asked & found and bool(shapes & {_shape(code) for code in found})
        if other:
            terms.append(-12.0)
        elif any(named):
            # Under a title that names it stand many sentences; that tells less of each.
            terms.append((4.5 if asked & found else 0.0) if right else -6.0)
        else:
            terms.append(0.0)
    return np.array(terms)


def _shape(code: str) -> str:
    return re.sub(r"\d+", "0", code)


def _action_terms(
    question: Question, sentences: Sequence[Sentence], above: Sequence[str]
) -> NDArray[np.float64]:
    """Against the steps to another end than the one asked for, where its verb stands somewhere."""
    wanted = _ACTION.search(question.text) if question.answer_type is AnswerType.STEPS else None
    verb = set(content_stems(wanted.group(1))[:1]) if wanted else set()
    heads = [
        set(content_stems(f"{text} {s.text.split(chr(10))[0]}"))
        for s, text in zip(sentences, above, strict=True)
    ]
    if not verb or not any(verb <= head for head in heads):
        return np.zeros(len(sentences))
    return np.array(
        [
            0.0 if sentence.kind == "prose" or verb <= head else -3.0
            for sentence, head in zip(sentences, heads, strict=True)
        ]
    )


def _subject_terms(
    question: Question, sentences: Sequence[Sentence], above: Sequence[str]
) -> NDArray[np.float64]:
    """For sentences with the subject that a fragment ("And for boots?") puts into a question."""
    subject = question.new_subject
    there = [
        bool(subject & set(content_stems(f"{text} {s.text}")))
        for s, text in zip(sentences, above, strict=True)
    ]
    if not any(there):
        return np.zeros(len(sentences))
    return np.where(there, 2.0, -2.0)
