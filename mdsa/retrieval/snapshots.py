"""Collections held in memory for searching, and read again when the directory has changed."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mdsa.errors import RetrievalError
from mdsa.retrieval.bm25 import tokenize
from mdsa.retrieval.hybrid import HybridIndex
from mdsa.retrieval.store import ChromaStore, CollectionInfo, StoredChunks

__all__ = ["Snapshots", "Union"]


@dataclass(frozen=True, slots=True)
class Union:
    """Several collections searched as one.

    Attributes:
        parts: the collections, in the order asked for.
        index: over their chunks, part after part.
    """

    parts: tuple[StoredChunks, ...]
    index: HybridIndex

    @property
    def empty(self) -> bool:
        """Whether there is nothing to find."""
        return not any(part.ids for part in self.parts)

    def locate(self, position: int) -> tuple[int, int]:
        """From a position in the index to (part, row in the part)."""
        for number, part in enumerate(self.parts):
            if position < len(part.ids):
                return number, position
            position -= len(part.ids)
        raise IndexError(position)

    def mask(self, wanted: Sequence[set[str]]) -> NDArray[np.bool_]:
        """Which chunks have an id that is wanted of their part. Shape (chunks,)."""
        return np.array(
            [key in ids for part, ids in zip(self.parts, wanted, strict=True) for key in part.ids],
            np.bool_,
        )


class Snapshots:
    """Reads collections when they are first needed. Thread-safe.

    Everything is read again after any write to the directory, by this process or another: the
    store's version tells, at the price of one `stat` per search.

    Args:
        store: where they come from.
    """

    def __init__(self, store: ChromaStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._version: tuple[int, int] | None = None
        self._chunks: dict[str, StoredChunks | None] = {}
        self._words: dict[str, list[list[str]]] = {}
        self._unions: dict[tuple[str, ...], Union] = {}

    def chunks(self, info: CollectionInfo) -> StoredChunks | None:
        """A collection's chunks; None where there is none."""
        with self._lock:
            self._refresh()
            return self._read(info)

    def union(self, infos: tuple[CollectionInfo, ...]) -> Union:
        """The collections as one; those that do not exist are empty."""
        with self._lock:
            self._refresh()
            key = tuple(info.name for info in infos)
            if key not in self._unions:
                self._unions[key] = self._join(infos)
            return self._unions[key]

    def _refresh(self) -> None:
        version = self._store.version()
        if version != self._version:
            self._version = version
            self._chunks.clear()
            self._words.clear()
            self._unions.clear()

    def _read(self, info: CollectionInfo) -> StoredChunks | None:
        if info.name not in self._chunks:
            self._chunks[info.name] = self._store.read(info)
        return self._chunks[info.name]

    def _join(self, infos: tuple[CollectionInfo, ...]) -> Union:
        nothing = StoredChunks([], [], [], np.zeros((0, 0), np.float32))
        parts = tuple(self._read(info) or nothing for info in infos)
        vectors = [part.vectors for part in parts if part.ids]
        if len({matrix.shape[1] for matrix in vectors}) > 1:
            raise RetrievalError(
                f"the stores of {self._store.directory} hold vectors of different lengths; "
                "ingest the documents again with one embedding model"
            )
        words = [
            line
            for info, part in zip(infos, parts, strict=True)
            for line in self._split(info, part)
        ]
        stacked = np.concatenate(vectors) if vectors else nothing.vectors
        return Union(parts, HybridIndex(stacked, words))

    def _split(self, info: CollectionInfo, part: StoredChunks) -> list[list[str]]:
        if info.name not in self._words:
            self._words[info.name] = [
                tokenize(f"{metadata.get('title', '')}\n{content}")
                for content, metadata in zip(part.contents, part.metadatas, strict=True)
            ]
        return self._words[info.name]
