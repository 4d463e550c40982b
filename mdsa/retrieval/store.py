"""A Chroma directory: collections of chunks with their vectors, and errors that say what to do."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from mdsa.errors import RetrievalError, StorageError
from mdsa.retrieval.documents import Chunk
from mdsa.retrieval.writer_lock import WriterLock

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection

__all__ = ["ChromaStore", "CollectionInfo", "StoredChunks"]

_T = TypeVar("_T")
_DIGEST = "mdsa:digest"
_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class CollectionInfo:
    """What a new collection is told of itself.

    Attributes:
        name: Chroma's name for it.
        domain: whose it is; empty for the shared one.
        embedding: name of the model behind its vectors.
    """

    name: str
    domain: str
    embedding: str


@dataclass(frozen=True, slots=True)
class StoredChunks:
    """A collection read whole, in the order of the ids.

    Attributes:
        ids: one per chunk.
        contents: the texts.
        metadatas: as stored.
        vectors: of length 1, shape (chunks, dimension).
    """

    ids: list[str]
    contents: list[str]
    metadatas: list[dict[str, Any]]
    vectors: NDArray[np.float32]


class ChromaStore:
    """The collections of one directory. Reading creates nothing; one process may write.

    Thread-safe.

    Args:
        directory: where Chroma keeps its files.
    """

    def __init__(self, directory: Path) -> None:
        # Chroma and the writer's lock know a directory by its path; two spellings would be two.
        self.directory = directory.expanduser().resolve()
        self._lock = threading.RLock()
        self._writer = WriterLock(self.directory)
        self._client: Client | None = None
        self._changed = self.directory / "changed"
        self._seen: tuple[int, int] | None = None

    def version(self) -> tuple[int, int] | None:
        """A mark that differs after every write, by whichever process; None before the first."""
        try:
            status = self._changed.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_ino

    def close(self) -> None:
        """Free files and lock. Later use opens them again."""
        with self._lock:
            self._disconnect()
            self._writer.release()

    def collections(self) -> list[CollectionInfo]:
        """List what there is."""
        with self._lock, self._explained("listing"):
            if not self._exists():
                return []
            return [
                CollectionInfo(
                    collection.name,
                    str((collection.metadata or {}).get("mdsa:domain", "")),
                    str((collection.metadata or {}).get("mdsa:embedding", "")),
                )
                for collection in self._open().list_collections()
            ]

    def count(self, name: str) -> int:
        """Number of chunks; 0 where there is no such collection."""
        with self._lock, self._explained("counting"):
            collection = self._find(name)
            return collection.count() if collection else 0

    def read(self, info: CollectionInfo) -> StoredChunks | None:
        """Read a collection whole; None where there is none.

        Raises:
            RetrievalError: its vectors are another model's.
        """
        found = self.ask(
            info,
            lambda collection: collection.get(include=["documents", "metadatas", "embeddings"]),
        )
        if found is None:
            return None
        order = sorted(range(len(found["ids"])), key=found["ids"].__getitem__)
        documents, metadatas = found["documents"] or [], found["metadatas"] or []
        vectors = np.asarray(found["embeddings"], np.float32)[order] if order else np.zeros((0, 0))
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return StoredChunks(
            [found["ids"][i] for i in order],
            [documents[i] for i in order],
            [dict(metadatas[i] or {}) for i in order],
            (vectors / np.maximum(lengths, 1e-12)).astype(np.float32),
        )

    def ask(self, info: CollectionInfo, question: Callable[[Collection], _T]) -> _T | None:
        """Put a question that changes nothing to a collection; None where there is none.

        Raises:
            RetrievalError: its vectors are another model's.
        """
        from chromadb.errors import ChromaError

        with self._lock, self._explained("reading"):
            try:
                return self._ask(info, question)
            except ChromaError:
                # Another process may write at this moment, and Chroma does not notice.
                self._disconnect()
                return self._ask(info, question)

    def ids_where(self, name: str, where: dict[str, Any]) -> set[str]:
        """Ids of the chunks whose metadata fit."""
        with self._lock, self._explained("filtering"):
            collection = self._find(name)
            if collection is None:
                return set()
            return set(collection.get(where=where, include=[])["ids"])

    def digests(self, name: str, ids: Sequence[str]) -> dict[str, str]:
        """Digest of each of these chunks that is stored."""
        return {
            key: str(metadata.get(_DIGEST, ""))
            for key, metadata in self._metadata(name, ids).items()
        }

    def write(
        self, info: CollectionInfo, chunks: Sequence[Chunk], vectors: NDArray[np.float32]
    ) -> None:
        """Store chunks, in place of those with the same ids.

        Raises:
            StorageError: the directory cannot be written, or another process writes it.
            RetrievalError: the collection's vectors are another model's.
        """
        with self._lock, self._explained("writing"):
            collection = self._writable(info)
            old = self._metadata(info.name, [chunk.id for chunk in chunks])
            for start in range(0, len(chunks), _BATCH):
                batch = chunks[start : start + _BATCH]
                collection.upsert(
                    ids=[chunk.id for chunk in batch],
                    documents=[chunk.content for chunk in batch],
                    embeddings=vectors[start : start + _BATCH],
                    metadatas=[
                        # Chroma merges metadata on upsert; None removes what is not there any more.
                        dict.fromkeys(old.get(chunk.id, {}))
                        | chunk.metadata
                        | {_DIGEST: chunk.digest}
                        for chunk in batch
                    ],
                )
            self._mark_changed()

    def delete(self, name: str, ids: Sequence[str]) -> int:
        """Delete chunks; returns how many there were."""
        with self._lock, self._explained("deleting"):
            collection = self._find(name)
            if collection is None:
                return 0
            known = list(self._metadata(name, ids))
            if known:
                self._writer.acquire()
                for start in range(0, len(known), _BATCH):
                    collection.delete(ids=known[start : start + _BATCH])
                self._mark_changed()
            return len(known)

    def drop(self, name: str) -> bool:
        """Delete a collection; tells whether there was one."""
        with self._lock, self._explained("deleting"):
            if self._find(name) is None:
                return False
            self._writer.acquire()
            self._open().delete_collection(name)
            self._mark_changed()
            return True

    def _ask(self, info: CollectionInfo, question: Callable[[Collection], _T]) -> _T | None:
        collection = self._find(info.name)
        if collection is None:
            return None
        self._check_model(collection, info)
        return question(collection)

    def _metadata(self, name: str, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        with self._lock, self._explained("reading"):
            collection = self._find(name)
            if collection is None:
                return found
            for start in range(0, len(ids), _BATCH):
                batch = collection.get(ids=list(ids[start : start + _BATCH]), include=["metadatas"])
                for key, metadata in zip(batch["ids"], batch["metadatas"] or [], strict=True):
                    found[key] = dict(metadata or {})
        return found

    def _writable(self, info: CollectionInfo) -> Collection:
        self.directory.mkdir(parents=True, exist_ok=True)
        self._writer.acquire()
        collection = self._open().get_or_create_collection(
            info.name,
            embedding_function=None,
            metadata={
                "hnsw:space": "cosine",
                "mdsa:domain": info.domain,
                "mdsa:embedding": info.embedding,
            },
        )
        self._check_model(collection, info)
        return collection

    def _check_model(self, collection: Collection, info: CollectionInfo) -> None:
        stored = str((collection.metadata or {}).get("mdsa:embedding", ""))
        if stored != info.embedding:
            raise RetrievalError(
                f"the documents of {self.directory} ({collection.name}) were embedded with "
                f"{stored!r}, and this process uses {info.embedding!r}; use the same model, or add "
                "the documents to another directory"
            )

    def _find(self, name: str) -> Collection | None:
        from chromadb.errors import NotFoundError

        if not self._exists():
            return None
        try:
            return self._open().get_collection(name, embedding_function=None)
        except NotFoundError:
            return None

    def _exists(self) -> bool:
        if self.directory.exists() and not self.directory.is_dir():
            raise StorageError(f"{self.directory} is a file; the knowledge needs a folder")
        return (self.directory / "chroma.sqlite3").is_file()

    def _open(self) -> Client:
        """Connect, anew where another process has written: Chroma would serve what it remembers."""
        version = self.version()
        if self._client is not None and version == self._seen:
            return self._client
        self._disconnect()

        import chromadb
        from chromadb.config import Settings
        from chromadb.errors import ChromaError

        try:
            client = chromadb.PersistentClient(
                str(self.directory), settings=Settings(anonymized_telemetry=False)
            )
        except (ChromaError, ValueError, AttributeError) as error:
            # The last two come when a start that failed before is tried again.
            raise self._failure("opening", error) from error
        self._client = cast("Client", client)  # its declared type lacks close()
        self._seen = version
        return self._client

    def _disconnect(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def _mark_changed(self) -> None:
        fresh = self.directory / f"changed-{uuid.uuid4().hex}"
        fresh.touch()
        fresh.replace(self._changed)
        self._seen = self.version()

    @contextmanager
    def _explained(self, action: str) -> Iterator[None]:
        from chromadb.errors import ChromaError

        try:
            yield
        except (ChromaError, OSError) as error:
            # A write that the disk refused leaves a transaction open, and the next write by the
            # same client waits for it for ever (measured, chromadb 1.5.9).
            self._disconnect()
            raise self._failure(action, error) from error

    def _failure(self, action: str, error: Exception) -> StorageError:
        return StorageError(
            f"{action} the knowledge in {self.directory} failed ({error}); check that the disk has "
            "room and the folder can be written. If its files are damaged, restore them or remove "
            "the folder and ingest again"
        )
