"""One store as LangChain's Chroma vector store, to read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn, cast

from langchain_chroma import Chroma
from langchain_core.embeddings import Embeddings

from mdsa.errors import InvalidInputError, RetrievalError
from mdsa.retrieval.documents import INTERNAL_PREFIX
from mdsa.retrieval.store import ChromaStore, CollectionInfo

if TYPE_CHECKING:
    from chromadb.api import ClientAPI

__all__ = ["chroma_view"]


def chroma_view(store: ChromaStore, info: CollectionInfo, embeddings: Embeddings) -> Chroma:
    """Make a vector store that reads a collection through the store's own client.

    Raises:
        RetrievalError: the collection does not exist or is empty, or holds vectors of another
            model.
    """
    if not store.ask(info, lambda collection: collection.count()):
        raise _nothing_stored(store, info)
    return Chroma(
        info.name,
        embeddings,
        # It is all that Chroma's code for reading asks of a client.
        client=cast("ClientAPI", _BoundClient(store, info)),
        create_collection_if_not_exists=False,
    )


class _BoundCollection:
    """A collection to read.

    Every call goes to the client that the store has at that moment: a client kept here would hold
    the files open after `close`, and remember what another process has changed since.
    """

    def __init__(self, store: ChromaStore, info: CollectionInfo) -> None:
        self._store = store
        self._info = info
        self.name = info.name

    @property
    def configuration(self) -> Any:
        """How vectors are compared."""
        return self._call("configuration")

    def count(self) -> int:
        """Number of chunks."""
        return self._store.count(self.name)

    def get(self, **options: Any) -> dict[str, Any]:
        """Chroma's `get`."""
        found = self._call("get", **options)
        return {**found, "metadatas": _visible(found["metadatas"])}

    def query(self, **options: Any) -> dict[str, Any]:
        """Chroma's `query`."""
        found = self._call("query", **options)
        return {**found, "metadatas": _visible(found["metadatas"])}

    def refuse(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: Chroma alone knows neither the writer's lock nor what searches remember."""
        raise InvalidInputError(
            f"{self.name} can only be read through its vector store; write with "
            "KnowledgeBase.add, replace or delete"
        )

    add = upsert = update = delete = modify = fork = refuse

    def _call(self, name: str, **options: Any) -> Any:
        def ask(collection: Any) -> Any:
            attribute = getattr(collection, name)
            return attribute(**options) if callable(attribute) else attribute

        answer = self._store.ask(self._info, ask)
        if answer is None:
            raise _nothing_stored(self._store, self._info)
        return answer


class _BoundClient:
    """A client that knows one collection."""

    def __init__(self, store: ChromaStore, info: CollectionInfo) -> None:
        self._collection = _BoundCollection(store, info)

    def get_collection(self, name: str) -> _BoundCollection:
        """The one collection."""
        if name != self._collection.name:
            raise InvalidInputError(f"this vector store reads {self._collection.name}, not {name}")
        return self._collection

    def delete_collection(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse."""
        self._collection.refuse()


def _visible(metadatas: Any) -> Any:
    """Without the store's own keys, at whatever depth Chroma nests the mappings."""
    if isinstance(metadatas, Mapping):
        return {k: v for k, v in metadatas.items() if not k.startswith(INTERNAL_PREFIX)}
    return [_visible(entry) for entry in metadatas] if isinstance(metadatas, list) else metadatas


def _nothing_stored(store: ChromaStore, info: CollectionInfo) -> RetrievalError:
    whose, option = (
        (f"domain {info.domain!r} has no knowledge of its own", f", domain={info.domain!r}")
        if info.domain
        else ("there is no shared knowledge", "")
    )
    return RetrievalError(
        f"{whose} in {store.directory}; add some first: KnowledgeBase.add(documents{option})"
    )
