"""What the reader's encoder is trained on: questions, each with the sentences that answer it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdsa.errors import InvalidInputError
from mdsa.models.passages import Passage
from mdsa.models.reader.answer_units import answer_units
from mdsa.models.reader.sentences import Sentence, in_context, split_passage
from mdsa.retrieval.chunking import chunk_sections
from mdsa.retrieval.loaders import Section
from mdsa.training.slm_passages import PassageSet, load_passage_sets

__all__ = ["OWN", "Corpus", "answer_label", "document_chunks", "flat", "load_corpora"]

OWN = "own"
"""Source of organisations that were made up for MDSA."""

_MOST_OF_A_LIST = 0.6
_PUBLIC_SETS = frozenset({"covid_qa", "covid_qa faq"})
"""XQuAD is left to `mdsa.evals.reader_fit`, which must not see what the encoder was trained on."""
_PASSAGES_TOGETHER = 16


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """Texts that compete to answer.

    Attributes:
        source: the name of a public set, or `OWN`.
        texts: sentences, rows and whole lists, each under its title and heading.
        questions: what is asked.
        labels: int8 of shape (questions, texts): 1 for a text that answers, 0 for one that does
            not, -1 for a small part of a list that answers as a whole. A question may have no 1.
    """

    source: str
    texts: tuple[str, ...]
    questions: tuple[str, ...]
    labels: NDArray[np.int8]


def flat(text: str) -> str:
    """The text with runs of white space made one."""
    return " ".join(text.split())


def answer_label(text: str, answers: Sequence[str]) -> int:
    """1 for an answer, 0 for none, -1 for a small part of a list that answers as a whole.

    Args:
        text: a sentence or a list, flat.
        answers: each answers alone, flat.
    """
    if any(answer in text for answer in answers):
        return 1
    parts = [answer for answer in answers if text in answer]
    if any(len(text) > _MOST_OF_A_LIST * len(answer) for answer in parts):
        return 1
    return -1 if parts else 0


def document_chunks(documents: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Documents `{"id", "title", "text"}` as the product stores them."""
    return [
        chunk
        for document in documents
        for chunk in chunk_sections([Section(document["text"], document["title"])], document["id"])
    ]


def load_corpora(organisations: Path, data_dir: Path | None = None) -> list[Corpus]:
    """Read organisations and, where given, the half of COVID-QA to fit on.

    Args:
        organisations: folder of JSON files as those in `evals/data/organisations/fit`.
        data_dir: public data sets.

    Raises:
        InvalidInputError: there is no file, or one has another form.
    """
    files = sorted(organisations.glob("*.json"))
    if not files:
        raise InvalidInputError(f"{organisations} holds no *.json; give a folder of organisations.")
    found = [_organisation(file) for file in files]
    if data_dir is not None:
        for each in load_passage_sets(data_dir):
            if each.name in _PUBLIC_SETS:
                found += _public(each)
    return found


def _organisation(file: Path) -> Corpus:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        documents = [each for domain in content["domains"] for each in domain["documents"]]
        chunks = document_chunks([*documents, *content["shared"]])
        asked = [
            (str(row["question"]), [flat(answer) for answer in row["sentences"]])
            for row in (*content["questions"], *content.get("more", ()))
        ]
        if not asked:
            raise ValueError("nothing is asked")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidInputError(f"{file} does not describe an organisation: {error!r}.") from error
    texts: dict[str, str] = {}
    for number, chunk in enumerate(chunks, start=1):
        title = str(chunk["metadata"].get("title", ""))
        for each in _candidates(number, title, chunk["content"]):
            texts.setdefault(in_context(each, title), flat(each.text))  # chunks overlap
    if not texts:
        raise InvalidInputError(f"{file} has no sentence in its documents; give them texts.")
    labels = [[answer_label(text, answers) for text in texts.values()] for _, answers in asked]
    kept = [
        row for row, (_, answers) in enumerate(asked) if not answers or max(labels[row]) > 0
    ]  # an answer may have been cut between two chunks
    return Corpus(
        source=OWN,
        texts=tuple(texts),
        questions=tuple(asked[row][0] for row in kept),
        labels=np.array([labels[row] for row in kept], np.int8),
    )


def _public(data: PassageSet) -> Iterator[Corpus]:
    """Neighbouring passages compete with each other: they are of one article."""
    for start in range(0, len(data.passages), _PASSAGES_TOGETHER):
        numbers = range(start, min(start + _PASSAGES_TOGETHER, len(data.passages)))
        texts = [
            (number, each)
            for number in numbers
            for each in _candidates(number, "", data.passages[number])
        ]
        asked = [each for each in data.asked if each.passage in numbers]
        labels = np.array(
            [
                [int(n == each.passage and each.span in flat(s.text)) for n, s in texts]
                for each in asked
            ],
            np.int8,
        ).reshape(len(asked), len(texts))
        kept = np.flatnonzero(labels.any(axis=1))
        if len(kept):
            yield Corpus(
                source=data.name,
                texts=tuple(in_context(each, "") for _, each in texts),
                questions=tuple(asked[row].question for row in kept),
                labels=labels[kept],
            )


def _candidates(number: int, title: str, text: str) -> list[Sentence]:
    sentences = split_passage(Passage(number, title, text))
    return answer_units(sentences, {number: title})
