"""Questions with the passages that answer them, from the halves of public sets to fit on."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mdsa.errors import InvalidInputError
from mdsa.retrieval.chunking import chunk_sections
from mdsa.retrieval.loaders import Section
from mdsa.utils.halves import is_held_out

__all__ = ["Asked", "PassageSet", "load_passage_sets"]

_LONGEST_SPAN = 200
_SHORTEST_POLICY_SPAN = 25
"""Characters; the shorter marks of PolicyQA are single words such as "collect"."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, its answer word for word, and the passage that holds it."""

    question: str
    span: str
    passage: int


@dataclass
class PassageSet:
    """Passages of a set and questions about them; `answers` is false where a span answers badly."""

    name: str
    passages: list[str] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    def nearest(self, questions: list[str], depth: int = 12) -> list[list[int]]:
        """Passages for each question by BM25, best first."""
        import bm25s

        index = bm25s.BM25()
        index.index(bm25s.tokenize(self.passages, show_progress=False), show_progress=False)
        rows, _ = index.retrieve(
            bm25s.tokenize(questions, show_progress=False),
            k=min(depth, len(self.passages)),
            show_progress=False,
        )
        return [[int(number) for number in row] for row in rows]


def load_passage_sets(data_dir: Path) -> list[PassageSet]:
    """Read the halves to fit on of XQuAD, PolicyQA, COVID-QA (articles and FAQ) and PubMedQA.

    Raises:
        InvalidInputError: a file is missing or not as published.
    """
    folder = data_dir / "rag"
    try:
        return [
            _squad("xquad_en", folder / "xquad_en" / "xquad.en.json"),
            _policies(folder / "policyqa" / "dev.json"),
            _covid(folder / "covid_qa" / "covidqa.json"),
            _faq(folder / "covid_qa" / "faq.csv"),
            _pubmed(folder / "pubmedqa" / "pubmedqa_first500.json"),
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidInputError(f"cannot read the sets in {folder}: {error!r}.") from error


def _articles(path: Path, key: str) -> Iterator[list[dict[str, Any]]]:
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        name = str(article[key] if key in article else article["paragraphs"][0][key])
        if not is_held_out(name):
            yield article["paragraphs"]


def _squad(name: str, path: Path) -> PassageSet:
    found = PassageSet(name)
    for paragraphs in _articles(path, "title"):
        for paragraph in paragraphs:
            number = len(found.passages)
            found.passages.append(paragraph["context"])
            found.asked += [
                Asked(row["question"].strip(), row["answers"][0]["text"], number)
                for row in paragraph["qas"]
            ]
    return found


def _policies(path: Path) -> PassageSet:
    found = PassageSet("policyqa")
    for paragraphs in _articles(path, "title"):
        seen = set()
        for paragraph in paragraphs:
            number = len(found.passages)
            found.passages.append(paragraph["context"])
            for row in paragraph["qas"]:
                spans = [answer["text"] for answer in row["answers"]]
                span = min(spans, key=lambda text: abs(len(text) - 90))
                if row["question"] in seen:  # put to every passage of a site
                    continue
                if _SHORTEST_POLICY_SPAN <= len(span) <= _LONGEST_SPAN:
                    seen.add(row["question"])
                    found.asked.append(Asked(row["question"].strip(), span.strip(), number))
    return found


def _covid(path: Path) -> PassageSet:
    found = PassageSet("covid_qa")
    for paragraphs in _articles(path, "document_id"):
        for paragraph in paragraphs:
            text = paragraph["context"]
            pieces = [c["content"] for c in chunk_sections([Section(text, "")], "article")]
            first = len(found.passages)
            found.passages += pieces
            for row in paragraph["qas"]:
                span = row["answers"][0]["text"].strip()
                holding = [n for n, piece in enumerate(pieces) if span in piece]
                if len(holding) == 1 and len(span) <= _LONGEST_SPAN:
                    found.asked.append(Asked(row["question"].strip(), span, first + holding[0]))
    return found


def _faq(path: Path) -> PassageSet:
    found = PassageSet("covid_qa faq")
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            answer = " ".join(row["answer"].split())
            first = answer.split(". ")[0].rstrip(".")
            if row["lang"] == "en" and 30 <= len(first) <= _LONGEST_SPAN and len(answer) < 1500:
                found.asked.append(Asked(row["question"].strip(), first, len(found.passages)))
                found.passages.append(answer)
    return found


def _pubmed(path: Path) -> PassageSet:
    found = PassageSet("pubmedqa")
    for row in json.loads(path.read_text(encoding="utf-8")).values():
        conclusion = row["LONG_ANSWER"].split(". ")[0].rstrip(".")
        if 40 <= len(conclusion) <= _LONGEST_SPAN:
            found.asked.append(Asked(row["QUESTION"].strip(), conclusion, len(found.passages)))
            found.passages.append(f"{row['CONTEXTS'][-1]} {row['LONG_ANSWER']}")
    return found
