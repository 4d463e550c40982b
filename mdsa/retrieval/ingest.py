"""Files and folders into a knowledge base."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mdsa.errors import InvalidInputError, RetrievalError
from mdsa.retrieval.chunking import CHUNK_CHARS, OVERLAP_CHARS, chunk_sections
from mdsa.retrieval.documents import check_documents
from mdsa.retrieval.knowledge_base import Changes, KnowledgeBase
from mdsa.retrieval.loaders import SUFFIXES, load_file

__all__ = ["IngestReport", "Progress", "ingest"]

_BATCH_CHUNKS = 64
"""Chunks that are embedded and written at a time; a write costs about 15 ms whatever its size."""

Progress = Callable[[int, int, Path], None]
"""Called with (files done, files in all, the file that is next or was last)."""


@dataclass(slots=True)
class IngestReport:
    """What became of the files. Counts are of chunks.

    Attributes:
        added: new ones.
        updated: stored again because title, page or other metadata changed.
        unchanged: in the store already; they were not embedded again.
        deleted: gone from their file, or their file is gone from its folder.
        files: how many files were read.
        failed: files that could not be read, with the reason. The others are stored all the same.
        skipped: files in a folder that are of no known type.
    """

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    files: int = 0
    failed: list[tuple[Path, str]] = field(default_factory=list)
    skipped: list[Path] = field(default_factory=list)

    def count(self, files: int, changes: Changes) -> None:
        """Add what storing some files did."""
        self.files += files
        self.added += changes.added
        self.updated += changes.updated
        self.unchanged += changes.unchanged
        self.deleted += changes.deleted


def ingest(
    paths: Iterable[str | Path],
    rag: KnowledgeBase,
    *,
    domain: str | None = None,
    progress: Progress | None = None,
    prune: bool = True,
    chunk_chars: int = CHUNK_CHARS,
    overlap_chars: int = OVERLAP_CHARS,
) -> IngestReport:
    """Store what files hold; again after a change, and at no cost where nothing changed.

    A file is known by its absolute path: a changed one replaces its old chunks.

    Args:
        paths: files, and folders that are searched with their subfolders. Names that begin with
            a dot are passed over in folders.
        rag: where to.
        domain: whose knowledge it is; None shares it with all domains.
        progress: see `Progress`.
        prune: delete what came from files that are no longer in the folders.
        chunk_chars: longest chunk, in characters.
        overlap_chars: how much of the chunk before is repeated.

    Raises:
        InvalidInputError: the chunk sizes or the domain cannot be used.
        StorageError: the store cannot be written. Files up to then are stored.
    """
    if not 0 <= overlap_chars < chunk_chars:
        raise InvalidInputError(
            f"chunks of {chunk_chars} characters cannot overlap by {overlap_chars}; the overlap "
            "must be at least 0 and smaller than the chunk"
        )
    report = IngestReport()
    roots = [Path(path).expanduser().absolute() for path in paths]
    files = _find(roots, report)
    batch: dict[str, list[dict[str, Any]]] = {}
    for number, (path, source) in enumerate(files.items()):
        if progress:
            progress(number, len(files), path)
        try:
            documents = chunk_sections(
                load_file(path), source, chunk_chars=chunk_chars, overlap_chars=overlap_chars
            )
            check_documents(documents)
        except RetrievalError as error:
            report.failed.append((path, str(error)))
            continue
        except InvalidInputError as error:
            report.failed.append((path, f"{path}: {error}"))
            continue
        batch[str(path)] = documents
        if sum(map(len, batch.values())) >= _BATCH_CHUNKS:
            report.count(len(batch), rag.replace(batch, domain=domain))
            batch = {}
    if batch:
        report.count(len(batch), rag.replace(batch, domain=domain))
    if prune:
        _prune(rag, domain, roots, files.keys(), report)
    if progress and files:
        progress(len(files), len(files), list(files)[-1])
    return report


def _find(roots: Sequence[Path], report: IngestReport) -> dict[Path, str]:
    """Files to read, in order, with the name that is shown for each."""
    found: dict[Path, str] = {}
    for root in roots:
        if root.is_dir():
            for path in sorted(root.rglob("*")):
                inside = path.relative_to(root)
                if not path.is_file() or any(part.startswith(".") for part in inside.parts):
                    continue
                if path.suffix.lower() in SUFFIXES:
                    found.setdefault(path, (root.name / inside).as_posix())
                else:
                    report.skipped.append(path)
        elif root.exists():
            found.setdefault(root, root.name)
        else:
            report.failed.append((root, f"{root}: there is no such file or folder"))
    return found


def _prune(
    rag: KnowledgeBase,
    domain: str | None,
    roots: Sequence[Path],
    present: Iterable[Path],
    report: IngestReport,
) -> None:
    folders = [root for root in roots if root.is_dir()]
    absent = rag.origins(domain=domain) - {str(path) for path in present}
    gone: dict[str, list[dict[str, Any]]] = {
        origin: []
        for origin in sorted(absent)
        if any(Path(origin).is_relative_to(folder) for folder in folders)
    }
    if gone:
        report.count(0, rag.replace(gone, domain=domain))
