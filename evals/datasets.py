"""Retrieval data sets: documents, questions, and which documents answer which question."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from mdsa.errors import InvalidInputError

__all__ = ["DATASETS", "RetrievalDataset", "load_dataset"]

_SHORTEST_ANSWER = 30
"""Characters; shorter answers are links and headings."""


@dataclass(frozen=True, slots=True)
class RetrievalDataset:
    """A collection to search and what should be found.

    Attributes:
        name: what it is called.
        documents: text by id.
        queries: text by id.
        gains: per query, the gain of each relevant document; those not named have 0.
    """

    name: str
    documents: dict[str, str]
    queries: dict[str, str]
    gains: dict[str, dict[str, float]]


def load_dataset(name: str, data_dir: Path) -> RetrievalDataset:
    """Read a data set from its folder.

    Args:
        name: one of `DATASETS`.
        data_dir: holds one folder per data set, with the files that its publisher ships.

    Raises:
        InvalidInputError: an unknown name, or files that are missing or not as published.
    """
    if name not in DATASETS:
        raise InvalidInputError(f"unknown data set {name!r}; known are {', '.join(DATASETS)}")
    try:
        return DATASETS[name](data_dir / name)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidInputError(f"cannot read {name} in {data_dir / name}: {error!r}") from error


def _xquad(folder: Path) -> RetrievalDataset:
    return _squad("xquad_en", folder / "xquad.en.json")


def _policyqa(folder: Path) -> RetrievalDataset:
    return _squad("policyqa", folder / "dev.json")


def _squad(name: str, path: Path) -> RetrievalDataset:
    """Documents are the distinct contexts; equal questions are one query.

    PolicyQA puts the same few hundred questions ("how does the site protect my data?") to many
    sites' policies. The question alone does not tell the site, so each context marked for it
    anywhere is relevant.
    """
    articles = json.loads(path.read_text(encoding="utf-8"))["data"]
    return _pairs(
        name,
        (
            (entry["question"].strip(), paragraph["context"])
            for article in articles
            for paragraph in article["paragraphs"]
            for entry in paragraph["qas"]
        ),
    )


def _cranfield(folder: Path) -> RetrievalDataset:
    """1400 abstracts and 225 queries, read with patterns because the documents are no valid XML.

    The judgements number the queries by their place in the file, 1 to 225, not by `<num>`.
    They say 1 for relevant and 0 for not, so the gain is binary; files that code grades keep only
    what is above 0 (-1 means of no interest). A document's text already begins with its title.
    """
    documents: dict[str, str] = {}
    for body in re.findall(
        r"<doc>(.*?)</doc>", (folder / "cran.all.1400.xml").read_text(encoding="utf-8"), re.DOTALL
    ):
        documents[_element(body, "docno")] = _element(body, "text")
    topics = re.findall(
        r"<top>(.*?)</top>", (folder / "cran.qry.xml").read_text(encoding="utf-8"), re.DOTALL
    )
    queries = {
        str(number): _element(topic, "title") for number, topic in enumerate(topics, start=1)
    }
    gains: dict[str, dict[str, float]] = {}
    for line in (folder / "cranqrel.trec.txt").read_text(encoding="utf-8").splitlines():
        if line.strip():
            query, _, document, relevance = line.split()
            if int(relevance) > 0:
                gains.setdefault(query, {})[document] = 1.0
    unknown = gains.keys() - queries.keys()
    if unknown:
        raise ValueError(f"judgements for unknown queries {sorted(unknown)[:3]}")
    return RetrievalDataset(
        "cranfield", documents, {key: queries[key] for key in queries if key in gains}, gains
    )


def _covid_faq(folder: Path) -> RetrievalDataset:
    """English questions of a COVID-19 FAQ; documents are the distinct answers."""
    with (folder / "faq.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            (row["question"].strip(), row["answer"].strip())
            for row in csv.DictReader(file)
            if row["lang"] == "en" and len(row["answer"].strip()) >= _SHORTEST_ANSWER
        ]
    return _pairs("covid_qa", rows)


def _pubmedqa(folder: Path) -> RetrievalDataset:
    """Questions that are titles of abstracts; documents are the abstracts."""
    records = json.loads((folder / "pubmedqa_first500.json").read_text(encoding="utf-8"))
    return _pairs(
        "pubmedqa", [(entry["QUESTION"], " ".join(entry["CONTEXTS"])) for entry in records.values()]
    )


def _pairs(name: str, pairs: Iterable[tuple[str, str]]) -> RetrievalDataset:
    documents: dict[str, str] = {}
    questions: dict[str, str] = {}
    gains: dict[str, dict[str, float]] = {}
    for question, text in pairs:
        document = documents.setdefault(text, f"d{len(documents)}")
        query = questions.setdefault(question, f"q{len(questions)}")
        gains.setdefault(query, {})[document] = 1.0
    return RetrievalDataset(
        name,
        {key: text for text, key in documents.items()},
        {key: text for text, key in questions.items()},
        gains,
    )


def _element(text: str, tag: str) -> str:
    found = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
    if found is None:
        raise ValueError(f"no <{tag}> in {text[:80]!r}")
    return " ".join(found.group(1).split())


DATASETS: dict[str, Callable[[Path], RetrievalDataset]] = {
    "xquad_en": _xquad,
    "policyqa": _policyqa,
    "cranfield": _cranfield,
    "covid_qa": _covid_faq,
    "pubmedqa": _pubmedqa,
}
"""Loaders by name. The weights of hybrid search were chosen on the last two."""
