"""Shared knowledge and each domain's own, behind one door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray

from mdsa.errors import InvalidInputError
from mdsa.retrieval.documents import INTERNAL_PREFIX, Chunk, check_documents, display_title
from mdsa.retrieval.filters import checked_filter
from mdsa.retrieval.hybrid import Mode, check_mode
from mdsa.retrieval.naming import domain_collection, shared_collection
from mdsa.retrieval.snapshots import Snapshots
from mdsa.retrieval.store import ChromaStore, CollectionInfo
from mdsa.utils.draws import draw

if TYPE_CHECKING:
    from langchain_chroma import Chroma

    from mdsa.retrieval.retriever import KnowledgeRetriever

__all__ = ["Changes", "KnowledgeBase"]

_ORIGIN = f"{INTERNAL_PREFIX}origin"
_LONGEST_QUERY = 8_000
"""Characters of a query that are read; the embedding model stops far earlier."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What a write did, in chunks. Unchanged ones are not embedded again."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0


class KnowledgeBase:
    """A store that every domain shares, and one for each domain that no other can read.

    Domain None means the shared store throughout. Thread-safe; any number of processes may read
    and write a directory, and each call that writes waits for its turn.

    Args:
        directory: where the knowledge is kept; made by the first write.
        embeddings: what turns text into vectors.
        shared_name: names the shared store, so that one directory can hold several.
        write_wait_s: how long a call that writes waits for another writer, in seconds.
    """

    def __init__(
        self,
        directory: Path,
        embeddings: Embeddings,
        *,
        shared_name: str = "global_knowledge",
        write_wait_s: float = 30.0,
    ) -> None:
        self._embeddings = embeddings
        self._model = _model_name(embeddings)
        self._shared = shared_collection(shared_name)
        self._store = ChromaStore(directory, wait_s=write_wait_s)
        self._snapshots = Snapshots(self._store)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the files. Later use opens them again."""
        self._store.close()

    def add(self, documents: Sequence[Mapping[str, Any]], *, domain: str | None = None) -> Changes:
        """Store documents. One with a known id replaces the old; a repeated one costs nothing.

        Args:
            documents: `{"content": str, "metadata"?: dict, "id"?: str}`. Metadata are flat; `title`
                and `source` are shown with answers. Without an id, source and content make one.
            domain: whose they are; None shares them with all.

        Raises:
            InvalidInputError: one of them cannot be stored; then none is.
            StorageError: the directory cannot be written, or another writes it for too long.
            RetrievalError: the store holds vectors of another model.
        """
        return self._put(check_documents(documents), (), domain)

    def replace(
        self,
        documents: Mapping[str, Sequence[Mapping[str, Any]]],
        *,
        domain: str | None = None,
    ) -> Changes:
        """Make these the only documents from where they come from, such as a file.

        What is new is stored before what is gone is deleted, so a reader never finds neither.

        Args:
            documents: by origin, each as for `add`; an empty list forgets the origin. Origins
                are never shown.
            domain: whose they are; None shares them with all.

        Raises:
            InvalidInputError, StorageError, RetrievalError: as for `add`.
        """
        chunks = [
            Chunk(chunk.id, chunk.content, {**chunk.metadata, _ORIGIN: origin}, chunk.digest)
            for origin, originals in documents.items()
            for chunk in check_documents(originals, origin=origin)
        ]
        return self._put(chunks, list(documents), domain)

    def origins(self, *, domain: str | None = None) -> set[str]:
        """Where the documents stored by `replace` come from."""
        stored = self._snapshots.chunks(self._info(domain))
        return {str(m[_ORIGIN]) for m in stored.metadatas if _ORIGIN in m} if stored else set()

    def delete(
        self,
        *,
        ids: Sequence[str] | None = None,
        source: str | None = None,
        domain: str | None = None,
    ) -> int:
        """Delete documents by ids, by source, or both; returns how many there were.

        Raises:
            InvalidInputError: neither is given.
            StorageError: the directory cannot be written, or another writes it for too long.
        """
        if ids is None and source is None:
            raise InvalidInputError("say which documents to delete: ids=[…] or source='…'")
        name = self._info(domain).name
        chosen = set(ids or ())
        if source is not None:
            chosen |= self._store.ids_where(name, {"source": source})
        return self._store.delete(name, sorted(chosen))

    def remove_domain(self, domain: str) -> bool:
        """Delete all of a domain's own knowledge; tells whether there was any."""
        return self._store.drop(domain_collection(domain))

    def domains(self) -> list[str]:
        """Names of the domains that have knowledge of their own."""
        return sorted(info.domain for info in self._store.collections() if info.domain)

    def count(self, *, domain: str | None = None) -> int:
        """Number of documents (chunks) of a store."""
        return self._store.count(self._info(domain).name)

    def sources(self, *, domain: str | None = None) -> dict[str, int]:
        """Number of documents by source, of those that name one."""
        counts: dict[str, int] = {}
        for document in self.documents(domain=domain):
            source = document.metadata["source"]
            if source:
                counts[source] = counts.get(source, 0) + 1
        return dict(sorted(counts.items()))

    def documents(
        self,
        *,
        domain: str | None = None,
        filter: Mapping[str, Any] | None = None,  # noqa: A002
    ) -> list[Document]:
        """List a store's documents, in the order of their ids.

        Args:
            domain: which store; None is the shared one.
            filter: condition on the metadata, as Chroma's `where`.

        Raises:
            InvalidInputError: the filter is malformed.
        """
        info = self._info(domain)
        stored = self._snapshots.chunks(info)
        if stored is None:
            return []
        where = checked_filter(filter)
        wanted = self._store.ids_where(info.name, where) if where else None
        return [
            self._document(domain, key, content, metadata)
            for key, content, metadata in zip(
                stored.ids, stored.contents, stored.metadatas, strict=True
            )
            if wanted is None or key in wanted
        ]

    def version(self) -> tuple[int, int] | None:
        """A mark that differs after every write, by whichever process; None before the first."""
        return self._store.version()

    def sample(self, count: int, *, domain: str | None = None) -> list[Document]:
        """Some of a store's documents, drawn by their ids: those drawn stay so while others change.

        Unlike `documents`, it keeps nothing in memory, and reads no more than it gives.
        """
        name = self._info(domain).name
        drawn = draw(self._store.ids(name), count)
        return [self._document(domain, *found) for found in self._store.some(name, drawn)]

    def stats(self) -> dict[str, Any]:
        """Sizes: `{"global": int, "domains": {name: int}, "embedding_model", "directory"}`."""
        return {
            "global": self.count(),
            "domains": {domain: self.count(domain=domain) for domain in self.domains()},
            "embedding_model": self._model,
            "directory": str(self._store.directory),
        }

    def search(
        self,
        query: str,
        *,
        domain: str | None = None,
        k: int = 5,
        filter: Mapping[str, Any] | None = None,  # noqa: A002
        use_local: bool = True,
        use_global: bool = True,
        mode: Mode = "hybrid",
    ) -> list[Document]:
        """Find passages in the shared store and in the domain's own.

        Args:
            query: a question or words.
            domain: whose own store is searched; None searches the shared one only.
            k: how many passages at most.
            filter: condition on the metadata, as Chroma's `where`.
            use_local: search the domain's own store.
            use_global: search the shared store.
            mode: `hybrid`; one half of it, `dense` or `bm25`; or `rrf`, which fuses the halves'
                ranks in place of their scores.

        Returns:
            Documents, best first, whose metadata hold `id`, `title`, `source`, `scope` ("global"
            or "local"), `domain`, `score` and `similarity` (see `mdsa.retrieval`) beside their own.

        Raises:
            InvalidInputError: the query is empty, or k, the filter or the mode cannot be used.
            RetrievalError: the store holds vectors of another model.
            StorageError: the store cannot be read.
            ModelUnavailableError: the embedding model cannot be had.
        """
        if not isinstance(query, str) or not query.strip():
            raise InvalidInputError(f"query must be text that is not empty, got {query!r:.80}")
        if isinstance(k, bool) or not isinstance(k, int) or k < 1:
            raise InvalidInputError(f"number of passages must be 1 or more, got {k!r}")
        check_mode(mode)
        where = checked_filter(filter)
        scopes: list[str | None] = [None] if use_global else []
        if use_local and domain is not None:
            scopes.append(domain)
        union = self._snapshots.union(tuple(self._info(scope) for scope in scopes))
        if union.empty:
            return []
        text = query[:_LONGEST_QUERY].encode("utf-8", "replace").decode()
        allowed = None
        if where:
            allowed = union.mask(
                [self._store.ids_where(self._info(scope).name, where) for scope in scopes]
            )
        hits = union.index.search(text, self._vector(text), k, allowed=allowed, mode=mode)
        found = []
        for hit in hits:
            part, row = union.locate(hit.position)
            stored = union.parts[part]
            document = self._document(
                scopes[part], stored.ids[row], stored.contents[row], stored.metadatas[row]
            )
            document.metadata |= {"score": hit.score, "similarity": hit.similarity}
            found.append(document)
        return found

    def retriever(
        self,
        domain: str | None,
        *,
        k: int = 5,
        filter: Mapping[str, Any] | None = None,  # noqa: A002
        use_local: bool = True,
        use_global: bool = True,
        mode: Mode = "hybrid",
    ) -> KnowledgeRetriever:
        """A LangChain retriever that is bound to a domain for good; arguments as for `search`.

        Raises:
            InvalidInputError: the mode is unknown.
        """
        from mdsa.retrieval.retriever import KnowledgeRetriever

        check_mode(mode)
        return KnowledgeRetriever(
            knowledge=self,
            domain=domain,
            k=k,
            filter=dict(filter) if filter else None,
            use_local=use_local,
            use_global=use_global,
            mode=mode,
        )

    def vector_store(self, domain: str | None) -> Chroma:
        """One store as LangChain's own `Chroma`, for `as_retriever`, MMR and the like.

        It reads one store alone: the domain's own, or the shared one for None; `retriever` reads
        both. It searches by meaning only, and follows later writes and `close` as this object
        does. Writing goes through `add`, `replace` and `delete`, which keep one writer at a time
        and what searches remember in step; the view refuses to write.

        Args:
            domain: whose store is read, for good.

        Raises:
            RetrievalError: nothing is stored there, or vectors of another model.
            StorageError: the store cannot be read.
        """
        from mdsa.retrieval.chroma_view import chroma_view

        return chroma_view(self._store, self._info(domain), self._embeddings)

    def _put(self, chunks: list[Chunk], origins: Sequence[str], domain: str | None) -> Changes:
        info = self._info(domain)
        fresh, _, gone = self._differences(info, chunks, origins)
        if not fresh and not gone:
            return Changes(unchanged=len(chunks))
        # Others may write meanwhile: embedding is what takes long.
        vectors = self._embed(fresh)
        with self._store.writing():
            fresh, updated, gone = self._differences(info, chunks, origins)
            vectors |= self._embed([chunk for chunk in fresh if chunk.id not in vectors])
            if fresh:
                self._store.write(info, fresh, np.stack([vectors[chunk.id] for chunk in fresh]))
            deleted = self._store.delete(info.name, gone) if gone else 0
        return Changes(len(fresh) - updated, updated, len(chunks) - len(fresh), deleted)

    def _differences(
        self, info: CollectionInfo, chunks: Sequence[Chunk], origins: Sequence[str]
    ) -> tuple[list[Chunk], int, list[str]]:
        """What is new or changed, how much of it is stored, and what else the origins have left."""
        stored = self._store.digests(info.name, [chunk.id for chunk in chunks])
        fresh = [chunk for chunk in chunks if stored.get(chunk.id) != chunk.digest]
        updated = sum(chunk.id in stored for chunk in fresh)
        if not origins:
            return fresh, updated, []
        before = self._store.ids_where(info.name, {_ORIGIN: {"$in": list(origins)}})
        return fresh, updated, sorted(before - {chunk.id for chunk in chunks})

    def _embed(self, chunks: Sequence[Chunk]) -> dict[str, NDArray[np.float32]]:
        if not chunks:
            return {}
        vectors = self._embeddings.embed_documents([chunk.indexed_text for chunk in chunks])
        keys = (chunk.id for chunk in chunks)
        return dict(zip(keys, np.asarray(vectors, np.float32), strict=True))

    def _info(self, domain: str | None) -> CollectionInfo:
        name = self._shared if domain is None else domain_collection(domain)
        return CollectionInfo(name, domain or "", self._model)

    def _vector(self, text: str) -> NDArray[np.float32]:
        vector = np.asarray(self._embeddings.embed_query(text), np.float32)
        return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), np.float32)

    @staticmethod
    def _document(
        domain: str | None, key: str, content: str, metadata: Mapping[str, Any]
    ) -> Document:
        shown = {k: v for k, v in metadata.items() if not k.startswith(INTERNAL_PREFIX)}
        shown |= {
            "id": key,
            "title": display_title(metadata, content),
            "source": str(metadata.get("source", "")),
            "scope": "global" if domain is None else "local",
            "domain": domain,
        }
        return Document(id=key, page_content=content, metadata=shown)


def _model_name(embeddings: Embeddings) -> str:
    for attribute in ("model_name", "model"):
        name = getattr(embeddings, attribute, None)
        if isinstance(name, str) and name:
            return name
    return type(embeddings).__qualname__
