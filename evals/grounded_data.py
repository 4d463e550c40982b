"""Questions over five passages each, from the held-out halves of published sets.

A case shows the passage that answers among the four others of the same half that BM25 ranks
highest. An unanswerable case shows five such others: every passage that was marked for the
question, or that holds its answer word for word, is left out.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mdsa.errors import InvalidInputError
from mdsa.evals.text_scores import contains
from mdsa.retrieval.chunking import chunk_sections
from mdsa.retrieval.loaders import Section
from mdsa.utils.halves import is_held_out

__all__ = ["GROUNDED_SETS", "GroundedCase", "GroundedSet", "Question", "load_grounded"]

_SHOWN = 5
_DEPTH = 40
_LONGEST_ANSWER = 200
"""Characters. Longer spans of COVID-QA and PolicyQA are whole paragraphs, which no answer to a
person repeats."""


@dataclass(frozen=True, slots=True)
class GroundedCase:
    """One question with its passages.

    Attributes:
        question: text.
        answers: annotated spans, any of which is right; none where the passages hold no answer.
        passages: in the order of retrieval.
        gold: place of the passage that answers; None where none does.
    """

    question: str
    answers: tuple[str, ...]
    passages: tuple[str, ...]
    gold: int | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A question with what answers it.

    Attributes:
        text: the question.
        answers: annotated spans of the first of its passages.
        passages: numbers of those that answer; the first is shown.
    """

    text: str
    answers: tuple[str, ...]
    passages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class GroundedSet:
    """Passages of a half, and questions about them.

    Attributes:
        name: of the set.
        title: for people.
        passages: texts.
        questions: each with what answers it.
        fields: where the distractors of each passage come from: passages of one field only
            compete with each other. PolicyQA puts the same question to every site.
    """

    name: str
    title: str
    passages: list[str]
    questions: list[Question]
    fields: list[str]

    def cases(
        self, answerable: int, unanswerable: int, seed: int = 5
    ) -> tuple[list[GroundedCase], list[GroundedCase]]:
        """Draw cases; all there are where fewer are there. Both draws are of other questions."""
        order = random.Random(seed).sample(self.questions, len(self.questions))
        ranked = self._ranker()
        found: list[GroundedCase] = []
        missing: list[GroundedCase] = []
        for question in order:
            wanted = len(found) < answerable
            if not wanted and len(missing) >= unanswerable:
                break
            make = self._with_gold if wanted else self._without_gold
            case = make(question, ranked(question))
            if case is not None:
                (found if wanted else missing).append(case)
        return found, missing

    def _with_gold(self, question: Question, ranking: list[int]) -> GroundedCase | None:
        gold = question.passages[0]
        others = [number for number in ranking if number not in question.passages]
        if len(others) < _SHOWN - 1:
            return None
        shown = {gold, *others[: _SHOWN - 1]}
        order = [number for number in ranking if number in shown]
        order += sorted(shown - set(order))
        shown_texts = tuple(self.passages[number] for number in order)
        return GroundedCase(question.text, question.answers, shown_texts, order.index(gold))

    def _without_gold(self, question: Question, ranking: list[int]) -> GroundedCase | None:
        others = [
            self.passages[number]
            for number in ranking
            if number not in question.passages
            and not contains(self.passages[number], question.answers)
        ][:_SHOWN]
        return GroundedCase(question.text, (), tuple(others)) if len(others) == _SHOWN else None

    def _ranker(self) -> Callable[[Question], list[int]]:
        import bm25s

        members: dict[str, list[int]] = {}
        for number, field in enumerate(self.fields):
            members.setdefault(field, []).append(number)
        indexes: dict[str, bm25s.BM25] = {}

        def rank(question: Question) -> list[int]:
            field = self.fields[question.passages[0]]
            own = members[field]
            if field not in indexes:
                index = indexes[field] = bm25s.BM25()
                texts = [self.passages[number] for number in own]
                index.index(bm25s.tokenize(texts, show_progress=False), show_progress=False)
            asked = bm25s.tokenize([question.text], show_progress=False)
            depth = min(_DEPTH, len(own))
            rows, _ = indexes[field].retrieve(asked, k=depth, show_progress=False)
            return [own[int(place)] for place in rows[0]]

        return rank


def load_grounded(name: str, data_dir: Path, *, held_out: bool = True) -> GroundedSet:
    """Read one half of a set.

    Args:
        name: one of `GROUNDED_SETS`.
        data_dir: holds `rag/`, or a folder for each data set.
        held_out: the half to measure on; False for the one to fit on.

    Raises:
        InvalidInputError: an unknown name, or a file that is missing or not as published.
    """
    if name not in GROUNDED_SETS:
        known = ", ".join(GROUNDED_SETS)
        raise InvalidInputError(f"unknown data set {name!r}; known are {known}.")
    folder = data_dir / "rag" if (data_dir / "rag").is_dir() else data_dir
    try:
        return GROUNDED_SETS[name](folder / name, held_out)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidInputError(f"cannot read {name} in {folder / name}: {error!r}.") from error


def _articles(path: Path, key: str, held_out: bool) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        name = str(article[key] if key in article else article["paragraphs"][0][key])
        if is_held_out(name) == held_out:
            yield name, article["paragraphs"]


def _xquad(folder: Path, held_out: bool) -> GroundedSet:
    data = GroundedSet("xquad_en", "XQuAD", [], [], [])
    for _, paragraphs in _articles(folder / "xquad.en.json", "title", held_out):
        for paragraph in paragraphs:
            number = len(data.passages)
            data.passages.append(paragraph["context"])
            data.fields.append("")
            data.questions.extend(
                Question(
                    entry["question"].strip(),
                    tuple(dict.fromkeys(answer["text"] for answer in entry["answers"])),
                    (number,),
                )
                for entry in paragraph["qas"]
            )
    return data


def _policyqa(folder: Path, held_out: bool) -> GroundedSet:
    data = GroundedSet("policyqa", "PolicyQA", [], [], [])
    for site, paragraphs in _articles(folder / "dev.json", "title", held_out):
        marked: dict[str, dict[int, list[str]]] = {}
        for paragraph in paragraphs:
            number = len(data.passages)
            data.passages.append(paragraph["context"])
            data.fields.append(site)
            for entry in paragraph["qas"]:
                spans = marked.setdefault(entry["question"].strip(), {}).setdefault(number, [])
                spans += [answer["text"] for answer in entry["answers"]]
        data.questions.extend(_per_passage(marked))
    return data


def _per_passage(marked: dict[str, dict[int, list[str]]]) -> Iterator[Question]:
    """A site's question once, with the first passage that holds a short enough answer."""
    for text, by_passage in marked.items():
        for number, spans in by_passage.items():
            short = tuple(dict.fromkeys(s for s in spans if len(s) <= _LONGEST_ANSWER))
            if short:
                others = tuple(other for other in by_passage if other != number)
                yield Question(text, short, (number, *others))
                break


def _covid(folder: Path, held_out: bool) -> GroundedSet:
    data = GroundedSet("covid_qa", "COVID-QA", [], [], [])
    for name, paragraphs in _articles(folder / "covidqa.json", "document_id", held_out):
        for paragraph in paragraphs:
            text = paragraph["context"]
            places = _passages(text, name)
            first = len(data.passages)
            data.passages.extend(piece for _, piece in places)
            data.fields.extend([""] * len(places))
            for entry in paragraph["qas"]:
                answer = entry["answers"][0]
                start, end = answer["answer_start"], answer["answer_start"] + len(answer["text"])
                holding = tuple(
                    first + place
                    for place, (offset, piece) in enumerate(places)
                    if offset <= start and end <= offset + len(piece) + 1
                )
                if holding and len(answer["text"]) <= _LONGEST_ANSWER:
                    data.questions.append(
                        Question(entry["question"].strip(), (answer["text"].strip(),), holding)
                    )
    return data


def _passages(text: str, source: str) -> list[tuple[int, str]]:
    """The pieces that the product's own chunking makes, with where they start."""
    found: list[tuple[int, str]] = []
    start = 0
    for chunk in chunk_sections([Section(text, "")], source):
        place = text.find(chunk["content"], start)
        if place >= 0:
            found.append((place, chunk["content"]))
            start = place + 1
    return found


GROUNDED_SETS: dict[str, Callable[[Path, bool], GroundedSet]] = {
    "xquad_en": _xquad,
    "policyqa": _policyqa,
    "covid_qa": _covid,
}
"""Loaders by the name of the set's folder."""
