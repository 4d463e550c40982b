"""Questions in other words than their documents, with passages retrieved as the product does.

`evals/data/reader_dev.json` holds organisations, each with documents and questions; so does each
folder in `evals/data/organisations`, one organisation a file, its documents by domain. A question
has the sentences or the list that answer it, verbatim, or none.
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
from mdsa.retrieval.knowledge_base import KnowledgeBase
from mdsa.training.reader_data import document_chunks, flat

__all__ = ["DevQuestion", "load_dev"]

_TOP_K = 5
_DEEP = 15


@dataclass(frozen=True, slots=True)
class DevQuestion:
    """A question with what the product would find for it.

    Attributes:
        text: the question.
        organisation: whose documents are searched.
        kind: `duration`, `steps` and so on.
        wording: `same` where it shares the answer's main words, else `other`.
        answers: sentences or lists, each of which answers; white space made one. Empty for none.
        passages: those found among all documents of the organisation, best first.
        others: those found when the document that answers is taken away; `passages` where none
            does.
    """

    text: str
    organisation: str
    kind: str
    wording: str
    answers: tuple[str, ...]
    passages: tuple[Passage, ...]
    others: tuple[Passage, ...]


def load_dev(path: Path, embeddings: Embeddings, asked: str = "questions") -> list[DevQuestion]:
    """Read the questions and retrieve their passages.

    Args:
        path: the file, or a folder of organisations.
        embeddings: to retrieve with.
        asked: the list of an organisation to read: `questions`, or `near` of those to fit on.

    Raises:
        InvalidInputError: a file cannot be read or has another form.
    """
    found: list[DevQuestion] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        KnowledgeBase(Path(folder), embeddings) as knowledge,
    ):
        for number, each in enumerate(_organisations(path)):
            domain = f"organisation_{number}"
            knowledge.add(document_chunks(each["documents"]), domain=domain)
            for row in each.get(asked, ()):
                hits = knowledge.search(row["question"], domain=domain, k=_DEEP)
                others = [hit for hit in hits if hit.metadata["source"] != row["document"]]
                found.append(
                    DevQuestion(
                        text=row["question"],
                        organisation=each["name"],
                        kind=row.get("kind", ""),
                        wording=row.get("wording", "other"),
                        answers=tuple(flat(answer) for answer in row["sentences"]),
                        passages=_passages(hits),
                        others=_passages(others),
                    )
                )
    return found


def _organisations(path: Path) -> list[dict[str, Any]]:
    try:
        if not path.is_dir():
            return list(json.loads(path.read_text(encoding="utf-8"))["organisations"])
        found = []
        for file in sorted(path.glob("*.json")):
            each = json.loads(file.read_text(encoding="utf-8"))
            own = [document for domain in each["domains"] for document in domain["documents"]]
            found.append({**each, "documents": [*own, *each["shared"]]})
    except (OSError, ValueError, KeyError) as error:
        raise InvalidInputError(f"{path}: no questions by organisation: {error!r}") from error
    return found


def _passages(hits: list[Document]) -> tuple[Passage, ...]:
    return tuple(
        Passage(number, str(hit.metadata.get("title", "")), hit.page_content)
        for number, hit in enumerate(hits[:_TOP_K], start=1)
    )
