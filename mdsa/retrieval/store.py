"""A Chroma directory: collections of chunks with their vectors, and errors that say what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from mdsa.errors import RetrievalError, StorageError
from mdsa.retrieval.connection import connection_to, storage_failure
from mdsa.retrieval.documents import Chunk

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection
    from chromadb.api.types import GetResult, Include

__all__ = ["ChromaStore", "CollectionInfo", "StoredChunks"]

_T = TypeVar("_T")
_DIGEST = "mdsa:digest"
_BATCH = 2_000
_LONGEST_READ_WAIT_S = 2.0


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
    """The collections of one directory. Reading creates nothing.

    Any number of threads and processes may read and write: writes take turns, and each begins with
    what the ones before have left. Thread-safe.

    Args:
        directory: where Chroma keeps its files.
        wait_s: how long a write waits for its turn, in seconds.
    """

    def __init__(self, directory: Path, *, wait_s: float = 30.0) -> None:
        self._connection = connection_to(directory)
        self._wait_s = wait_s
        self.directory = self._connection.directory

    def version(self) -> tuple[int, int] | None:
        """A mark that differs after every write, by whichever process; None before the first."""
        return self._connection.version()

    def close(self) -> None:
        """Free the files. Later use opens them again."""
        with self._connection.lock:
            self._connection.disconnect()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Keep other writers out for several calls; makes the directory.

        `write`, `delete` and `drop` do this by themselves.

        Raises:
            StorageError: the directory cannot be written, or is another writer's for too long.
        """
        with ExitStack() as stack:
            with self._explained("writing"):
                self.directory.mkdir(parents=True, exist_ok=True)
                stack.enter_context(self._connection.writer.hold(self._wait_s))
            yield

    def collections(self) -> list[CollectionInfo]:
        """List what there is."""
        with self._reading("listing"):
            if not self._exists():
                return []
            return [
                CollectionInfo(
                    collection.name,
                    str((collection.metadata or {}).get("mdsa:domain", "")),
                    str((collection.metadata or {}).get("mdsa:embedding", "")),
                )
                for collection in self._connection.client().list_collections()
            ]

    def count(self, name: str) -> int:
        """Number of chunks; 0 where there is no such collection."""
        with self._reading("counting"):
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

        with self._reading("reading"):
            try:
                return self._ask(info, question)
            except ChromaError:
                # Another process may write at this moment, and Chroma does not notice.
                self._connection.disconnect()
                return self._ask(info, question)

    def ids_where(self, name: str, where: dict[str, Any]) -> set[str]:
        """Ids of the chunks whose metadata fit."""
        with self._reading("filtering"):
            collection = self._find(name)
            if collection is None:
                return set()
            return set(collection.get(where=where, include=[])["ids"])

    def ids(self, name: str) -> list[str]:
        """Ids of all chunks of a collection."""
        with self._reading("listing"):
            collection = self._find(name)
            return list(collection.get(include=[])["ids"]) if collection else []

    def some(self, name: str, ids: Sequence[str]) -> list[tuple[str, str, dict[str, Any]]]:
        """Id, text and metadata of those of these chunks that there are."""
        found: list[tuple[str, str, dict[str, Any]]] = []
        for batch in self._batches(name, ids, ["documents", "metadatas"]):
            found += zip(
                batch["ids"],
                batch["documents"] or [],
                [dict(one or {}) for one in batch["metadatas"] or []],
                strict=True,
            )
        return sorted(found, key=lambda one: one[0])

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
        with self.writing(), self._changing("writing"):
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
            self._connection.mark_changed()

    def delete(self, name: str, ids: Sequence[str]) -> int:
        """Delete chunks; returns how many there were."""
        if not self._metadata(name, ids):
            return 0
        with self.writing(), self._changing("deleting"):
            collection = self._find(name)
            if collection is None:
                return 0
            known = list(self._metadata(name, ids))
            if known:
                self._connection.mark_changed()
                for start in range(0, len(known), _BATCH):
                    collection.delete(ids=known[start : start + _BATCH])
                self._connection.mark_changed()
            return len(known)

    def drop(self, name: str) -> bool:
        """Delete a collection; tells whether there was one."""
        if name not in {info.name for info in self.collections()}:
            return False
        with self.writing(), self._changing("deleting"):
            if self._find(name) is None:
                return False
            self._connection.mark_changed()
            self._connection.client().delete_collection(name)
            self._connection.mark_changed()
            return True

    def _ask(self, info: CollectionInfo, question: Callable[[Collection], _T]) -> _T | None:
        collection = self._find(info.name)
        if collection is None:
            return None
        self._check_model(collection, info)
        return question(collection)

    def _metadata(self, name: str, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        return {
            key: dict(metadata or {})
            for batch in self._batches(name, ids, ["metadatas"])
            for key, metadata in zip(batch["ids"], batch["metadatas"] or [], strict=True)
        }

    def _batches(self, name: str, ids: Sequence[str], include: Include) -> list[GetResult]:
        """What Chroma holds of these chunks, so many at a time."""
        with self._reading("reading"):
            collection = self._find(name)
            if collection is None:
                return []
            return [
                collection.get(ids=list(ids[start : start + _BATCH]), include=include)
                for start in range(0, len(ids), _BATCH)
            ]

    def _writable(self, info: CollectionInfo) -> Collection:
        self._connection.mark_changed()
        collection = self._connection.client().get_or_create_collection(
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
            return self._connection.client().get_collection(name, embedding_function=None)
        except NotFoundError:
            return None

    def _exists(self) -> bool:
        if self.directory.exists() and not self.directory.is_dir():
            raise StorageError(f"{self.directory} is a file; the knowledge needs a folder")
        return (self.directory / "chroma.sqlite3").is_file()

    @contextmanager
    def _reading(self, action: str) -> Iterator[None]:
        """Use the client; a new one is opened between writes, unless the wait gets too long."""
        with ExitStack() as stack:
            with self._explained(action):
                if self._exists() and not self._connection.current():
                    # Opening applies what Chroma's log holds, which a writer does as well.
                    wait_s = min(self._wait_s, _LONGEST_READ_WAIT_S)
                    with suppress(StorageError, OSError):
                        stack.enter_context(self._connection.writer.hold(wait_s))
                stack.enter_context(self._connection.lock)
            with self._explained(action):
                yield

    @contextmanager
    def _changing(self, action: str) -> Iterator[None]:
        """Use the client to write, in a turn that `writing` gives."""
        with self._connection.lock, self._explained(action):
            yield

    @contextmanager
    def _explained(self, action: str) -> Iterator[None]:
        from chromadb.errors import ChromaError

        try:
            yield
        except (ChromaError, OSError) as error:
            # A write that the disk refused leaves a transaction open, and the next write by the
            # same client waits for it for ever (measured, chromadb 1.5.9).
            self._connection.disconnect()
            raise storage_failure(self.directory, action, error) from error
