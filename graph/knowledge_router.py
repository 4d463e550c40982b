"""Tells the router what the domains' own documents say, and again when they have changed.

Whoever changes the knowledge, another process included, leaves a mark on its directory
(`KnowledgeBase.version`), which is looked at before a message is routed. Reading goes on in a
thread of its own. Where the last reading was quick, messages wait for it, so that a document counts
from the message after it on; behind a long one they are routed by what was known before. What takes
long is bounded, too: of each domain a sample of its passages is read, and of their sentences the
router encodes some (`mdsa.router.document_sentences`), those that it has not met before.

The shared documents are left out: they speak for no domain.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol, TypeGuard, runtime_checkable

from langchain_core.documents import Document

from mdsa.errors import MdsaError
from mdsa.models.passages import Passage
from mdsa.models.reader.sentences import split_passage
from mdsa.router import DocumentRouter, Route, RouterDomain

__all__ = ["KnowledgeRouter", "ReadableKnowledge", "sentences_of"]

_log = logging.getLogger(__name__)

_PATIENCE_S = 0.5
"""How long a message waits for a reading; one that takes longer is not waited for again."""
_RETRY_S = 30.0
"""After a reading that failed; a change of the knowledge is read at once."""
_MOST_PASSAGES = 128
"""Of each domain. The router takes fewer sentences."""
_SHORTEST, _LONGEST = 16, 300
"""Characters of a sentence; the encoder reads some 500."""

Mark = tuple[object, int]


@runtime_checkable
class ReadableKnowledge(Protocol):
    """Knowledge that tells what it holds; `mdsa.retrieval.KnowledgeBase` does."""

    def version(self) -> object:
        """A mark that differs after every change."""

    def domains(self) -> list[str]:
        """Names of the domains that have documents of their own."""

    def sample(self, count: int, *, domain: str | None = None) -> list[Document]:
        """Some of a domain's own documents, with their `title` in the metadata."""


class KnowledgeRouter:
    """A router that knows the domains' documents as they are now. Threads may share one.

    Args:
        router: judges; it is given the documents' sentences.
        knowledge: opens the knowledge. If it is no `ReadableKnowledge`, nothing is read.
    """

    def __init__(self, router: DocumentRouter, knowledge: Callable[[], object]) -> None:
        self._router = router
        self._knowledge = knowledge
        self._lock = threading.Lock()
        self._names: tuple[str, ...] = ()
        self._changes = 0
        self._read: Mark | None = None
        self._reading: threading.Thread | None = None
        self._is_quick = True
        self._again = math.inf

    def add_domain(self, domain: RouterDomain) -> None:
        """Make a domain routable; documents that it has already are read with the next message.

        Raises:
            DuplicateNameError: the name is taken.
        """
        self._router.add_domain(domain)
        with self._lock:
            self._names = (*self._names, domain.name)
            self._changes += 1

    def remove_domain(self, name: str) -> None:
        """Forget a domain.

        Raises:
            UnknownNameError: no such domain.
        """
        self._router.remove_domain(name)
        with self._lock:
            self._names = tuple(other for other in self._names if other != name)
            self._changes += 1

    @property
    def reads_documents(self) -> bool:
        """Whether documents could change a verdict, as the domains are now."""
        return self._router.reads_documents

    @property
    def waits(self) -> bool:
        """Whether a message would wait for documents that have changed: the last were quick."""
        return self._is_quick

    def set_documents(self, sentences: Mapping[str, Sequence[str]]) -> None:
        """Give the router sentences, until the knowledge changes."""
        self._router.set_documents(sentences)

    def route(self, texts: Sequence[str], *, reading: Collection[str] = ()) -> list[Route]:
        """Score each text against every registered domain, in one batch.

        It may wait for a moment, so it is not for an event loop.

        Args:
            texts: the messages.
            reading: the domains whose documents may count.

        Raises:
            ModelUnavailableError: the encoder cannot be loaded.
        """
        if reading and not self.read(_PATIENCE_S if self._is_quick else 0.0):
            self._is_quick = False
        return self._router.route(texts, reading=reading)

    def score_floor(self, target_error: float) -> float | None:
        """As `Router.score_floor` says."""
        return self._router.score_floor(target_error)

    def read(self, wait_s: float | None = None) -> bool:
        """Begin to read the documents if they have changed since they were read last.

        Args:
            wait_s: how long to wait for the end of it; None is as long as it takes.

        Returns:
            Whether the router knows the documents as they are, or would make no use of them.
        """
        until = None if wait_s is None else time.monotonic() + wait_s
        while (reading := self._begin()) is not None:
            reading.join(None if until is None else max(until - time.monotonic(), 0.0))
            if until is not None and time.monotonic() >= until:
                return self._begin() is None
        return True

    def finish(self) -> None:
        """Wait until nothing is read any more, so that the knowledge can be closed."""
        reading = self._reading
        if reading is not None:
            reading.join()

    def _begin(self) -> threading.Thread | None:
        """The thread that reads; None where there is nothing to read."""
        if not self._router.reads_documents:
            return None
        knowledge = self._knowledge()
        if not _is_readable(knowledge):
            return None
        mark = (knowledge.version(), self._changes)
        if self._is_known(mark):
            return None
        with self._lock:
            # One that was never begun, or that a fork left behind, is not alive.
            if self._reading is None or not self._reading.is_alive():
                if self._is_known(mark):
                    return None
                # A daemon: a program that ends without `close` does not wait for it.
                reading = threading.Thread(
                    target=self._tell,
                    args=(knowledge, mark, self._names),
                    name="mdsa-documents",
                    daemon=True,
                )
                reading.start()
                self._reading = reading
            return self._reading

    def _is_known(self, mark: Mark) -> bool:
        return self._read == mark and time.monotonic() < self._again

    def _tell(self, knowledge: ReadableKnowledge, mark: Mark, names: Sequence[str]) -> None:
        began = time.monotonic()
        again = math.inf
        try:
            filled = frozenset(knowledge.domains())
            self._router.set_documents(
                {
                    name: sentences_of(knowledge.sample(_MOST_PASSAGES, domain=name))
                    for name in names
                    if name in filled
                }
            )
        except MdsaError as error:
            # Messages are routed without; what needs the documents themselves says so too.
            again = time.monotonic() + _RETRY_S
            _log.warning("the router could not read the domains' documents: %s", error)
        finally:
            with self._lock:
                self._read, self._again = mark, again
                self._reading = None
                self._is_quick = time.monotonic() - began <= _PATIENCE_S


def sentences_of(documents: Sequence[Document]) -> list[str]:
    """Titles, sentences, items and rows of documents, each once, without very short sentences."""
    found: list[str] = []
    for document in documents:
        title = str(document.metadata.get("title", ""))
        parts = split_passage(Passage(0, title, document.page_content))
        units = (_flat(part.text) for part in parts if part.kind != "list")
        found += [_flat(title), *(text for text in units if len(text) >= _SHORTEST)]
    return list(dict.fromkeys(filter(None, found)))


def _is_readable(knowledge: object) -> TypeGuard[ReadableKnowledge]:
    """As `isinstance`, which looks up every method for each message; a class is looked up once."""
    if issubclass(type(knowledge), ReadableKnowledge):
        return True
    return isinstance(knowledge, ReadableKnowledge)  # by what it is asked and hands on, say


def _flat(text: str) -> str:
    return " ".join(text.split())[:_LONGEST]
