"""Questions in other words than their documents, with passages retrieved as the product does.

The file (`evals/data/reader_dev.json`) holds organisations, each with documents and questions; a
question has the sentences or the list that answer it, verbatim, or none.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings

from mdsa.errors import InvalidInputError
from mdsa.models.passages import Passage
from mdsa.retrieval.chunking import chunk_sections
from mdsa.retrieval.knowledge_base import KnowledgeBase
from mdsa.retrieval.loaders import Section

__all__ = ["DevQuestion", "chunks", "flat", "load_dev"]

_TOP_K = 5
_DEEP = 15


@dataclass(frozen=True, slots=True)
class DevQuestion:
    """A question with what the product would find for it.

    Attributes:
        text: the question.
        organisation: whose documents are searched.
        kind: `duration`, `steps` and so on.
        answers: sentences or lists, each of which answers; white space made one. Empty for none.
        passages: those found among all documents of the organisation, best first.
        others: those found when the document that answers is taken away; `passages` where none
            does.
    """

    text: str
    organisation: str
    kind: str
    answers: tuple[str, ...]
    passages: tuple[Passage, ...]
    others: tuple[Passage, ...]


def flat(text: str) -> str:
    """The text with runs of white space made one."""
    return " ".join(text.split())


def load_dev(file: Path, embeddings: Embeddings) -> list[DevQuestion]:
    """Read the questions and retrieve their passages.

    Raises:
        InvalidInputError: the file cannot be read or has another form.
    """
    try:
        organisations = json.loads(file.read_text(encoding="utf-8"))["organisations"]
    except (OSError, ValueError, KeyError) as error:
        raise InvalidInputError(f"{file}: no file of questions by organisation: {error}") from error
    found: list[DevQuestion] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        KnowledgeBase(Path(folder), embeddings) as knowledge,
    ):
        for number, each in enumerate(organisations):
            domain = f"organisation_{number}"
            knowledge.add(chunks(each["documents"]), domain=domain)
            for row in each["questions"]:
                hits = knowledge.search(row["question"], domain=domain, k=_DEEP)
                others = [hit for hit in hits if hit.metadata["source"] != row["document"]]
                found.append(
                    DevQuestion(
                        text=row["question"],
                        organisation=each["name"],
                        kind=row["kind"],
                        answers=tuple(flat(answer) for answer in row["sentences"]),
                        passages=_passages(hits),
                        others=_passages(others),
                    )
                )
    return found


def chunks(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The documents as the product stores them."""
    return [
        chunk
        for document in documents
        for chunk in chunk_sections([Section(document["text"], document["title"])], document["id"])
    ]


def _passages(hits: list[Document]) -> tuple[Passage, ...]:
    return tuple(
        Passage(number, str(hit.metadata.get("title", "")), hit.page_content)
        for number, hit in enumerate(hits[:_TOP_K], start=1)
    )
