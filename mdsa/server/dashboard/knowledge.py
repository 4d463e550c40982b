"""Documents as the knowledge page lists, takes in and deletes them. Everything here blocks."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path, PurePath
from typing import Any, Final
from uuid import uuid4

from typing_extensions import TypedDict

from mdsa.core.dual_rag import DualRAG
from mdsa.errors import InvalidInputError, RetrievalError
from mdsa.retrieval.chunking import chunk_sections
from mdsa.retrieval.knowledge_base import Changes
from mdsa.retrieval.loaders import SUFFIXES, load_file

__all__ = ["MOST_CHUNKS", "Passage", "StoredFile", "find", "list_files", "take_in"]

MOST_CHUNKS: Final = 2000
"""Passages of one uploaded file; each costs some milliseconds of a processor."""

_ADDED_BY: Final = "dashboard"
_ORIGIN: Final = "upload:"
_NAME = re.compile(r"[^/\\\x00-\x1f\x7f]{1,200}")


class StoredFile(TypedDict):
    """The passages of one source, or one passage that names none."""

    source: str
    """Empty where the passages were stored without one."""
    id: str
    """Of the passage without a source; empty otherwise."""
    title: str
    passages: int
    uploaded: bool
    """It came through the dashboard, and not from a folder or a program."""


class Passage(TypedDict):
    """A passage that was found."""

    id: str
    title: str
    source: str
    scope: str
    content: str
    score: float
    similarity: float


def list_files(
    rag: DualRAG, domain: str | None, most: int, contains: str = ""
) -> tuple[list[StoredFile], int]:
    """List what a store holds, by name.

    Args:
        rag: the knowledge.
        domain: whose store; None is the shared one.
        most: how many files to give.
        contains: part of the name or title, in any case.

    Returns:
        The first files, and how many there are.
    """
    found: dict[tuple[str, str], StoredFile] = {}
    for document in rag.documents(domain=domain):
        source = document.metadata["source"]
        key = (source, "" if source else str(document.id))
        entry = found.setdefault(
            key,
            StoredFile(
                source=source,
                id=key[1],
                title=document.metadata["title"],
                passages=0,
                uploaded=document.metadata.get("added_by") == _ADDED_BY,
            ),
        )
        entry["passages"] += 1
    wanted = contains.casefold()
    listed = [
        entry
        for entry in found.values()
        if wanted in entry["source"].casefold() or wanted in entry["title"].casefold()
    ]
    listed.sort(key=lambda entry: (entry["source"] or entry["title"]).casefold())
    return listed[:most], len(listed)


def find(rag: DualRAG, query: str, domain: str | None, most: int) -> list[Passage]:
    """Find passages as the domain itself would.

    Raises:
        InvalidInputError: the query is empty.
    """
    return [
        Passage(
            id=document.metadata["id"],
            title=document.metadata["title"],
            source=document.metadata["source"],
            scope=document.metadata["scope"],
            content=document.page_content,
            score=float(document.metadata["score"]),
            similarity=float(document.metadata["similarity"]),
        )
        for document in rag.search(query, domain=domain, k=most)
    ]


def take_in(rag: DualRAG, name: str, content: bytes, domain: str | None) -> Changes:
    """Store an uploaded file; one of the same name is replaced.

    Raises:
        InvalidInputError: the file's name, type or content cannot be used.
        StorageError: the store cannot be written.
    """
    if not _NAME.fullmatch(name) or name.startswith("."):
        raise InvalidInputError(
            f"file name {name[:100]!r} cannot be used; give up to 200 characters without a slash."
        )
    suffix = PurePath(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise InvalidInputError(
            f"{name}: files of type {suffix or 'none'!r} cannot be read; known are "
            f"{', '.join(sorted(SUFFIXES))}."
        )
    if not content:
        raise InvalidInputError(f"{name}: the file is empty; choose another.")
    documents = _documents(name, suffix, content)
    if not documents:
        raise InvalidInputError(
            f"{name}: holds no text. A scanned document needs text recognition first."
        )
    if len(documents) > MOST_CHUNKS:
        raise InvalidInputError(
            f"{name}: gives {len(documents)} passages, the most is {MOST_CHUNKS}; split it, or "
            "use `mdsa ingest` on the server's machine."
        )
    return rag.replace({_ORIGIN + name: documents}, domain=domain)


def _documents(name: str, suffix: str, content: bytes) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="mdsa-upload-") as folder:
        # Under the file's own name it might be refused, which a file system finds too long. Titles
        # of sections without a heading begin with it, so no text may begin so by chance.
        path = Path(folder, f"{uuid4().hex}{suffix}")
        path.write_bytes(content)
        try:
            sections = load_file(path)
        except RetrievalError as error:
            raise InvalidInputError(str(error).replace(str(path), name)) from error
    stem = PurePath(name).stem
    return [
        {
            **document,
            "metadata": {
                **document["metadata"],
                "title": document["metadata"]["title"].replace(path.stem, stem, 1),
                "added_by": _ADDED_BY,
            },
        }
        for document in chunk_sections(sections, name)
    ]
